package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// before serves what s does at another address, but for its sockets, which handshake answers.
func before(t *testing.T, s *service, handshake http.HandlerFunc) *service {
	t.Helper()
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", httputil.NewSingleHostReverseProxy(to))
	mux.HandleFunc("/ws", handshake)
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	return &service{t: t, url: front.URL}
}

// fails switches on, and returns what the page says about the failure once it says that much.
func (b *tab) fails(words string) string {
	b.t.Helper()
	b.toggle()
	b.wait(fmt.Sprintf(`document.getElementById('state').dataset.state === 'failed' && document.getElementById('state').textContent.includes(%q)`, words))
	if b.checked() {
		b.t.Error("the switch stays on after a failed connect")
	}
	return b.text("#state")
}

// A subprotocol is the cause only if it is not the one spoken.
func TestOtherRefusals(t *testing.T) {
	s := start(t)
	for _, status := range []int{http.StatusForbidden, http.StatusServiceUnavailable} {
		b := open(t, before(t, s, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }), look{})
		b.provokes(socketFailed)
		if got, want := b.fails("refused"), "Could not connect. The server is there, but it refused the handshake."; got != want {
			t.Errorf("after a %d the page says %q, want %q", status, got, want)
		}
	}
}

// noWhy makes the console show an error, and so the test fail, if the page asks why.
func (b *tab) noWhy() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`{
		const ask = fetch;
		fetch = (path, how) => (path === 'healthz' && console.error('the page asks why'), ask(path, how));
	}`))
}

// What never left the browser was not refused.
func TestNotEvenOffered(t *testing.T) {
	b := open(t, start(t), look{})
	b.noWhy()
	b.choose("subprotocol", "a b")
	b.fails("A subprotocol is one word")
	b.choose("subprotocol", "echo-protocol")
	b.choose("target", "room")
	for _, room := range []string{"", ".", ".."} {
		b.choose("room", room)
		b.fails("A room needs a name")
	}
	for _, room := range []string{"...", "%2e%2e", "a/b"} {
		b.choose("room", room)
		b.connect()
		b.toggle()
		b.waitState("off")
	}
}

func TestSilentServer(t *testing.T) {
	ended := make(chan struct{})
	s := before(t, start(t), func(http.ResponseWriter, *http.Request) { <-ended })
	t.Cleanup(func() { close(ended) })
	b := open(t, s, look{language: "zh-CN"})
	b.provokes(socketFailed)
	b.noWhy()
	b.do(chromedp.Evaluate[chromedp.Void](`{ const later = setTimeout; setTimeout = (f, ms) => later(f, ms / 50); }`))
	if got := b.fails("服务器没有应答。"); got != "连接失败。 服务器没有应答。" {
		t.Errorf("the page says %q", got)
	}
}

// An answer that comes late says nothing about the next failure.
func TestLateAnswer(t *testing.T) {
	b := open(t, start(t), look{})
	b.provokes(socketFailed)
	b.do(chromedp.Evaluate[chromedp.Void](`{
		window.answers = [];
		fetch = () => new Promise((answer) => answers.push(() => answer({ json: () => true })));
	}`))
	b.choose("subprotocol", "chat")
	b.fails("Could not connect.")
	b.choose("subprotocol", "echo protocol")
	want := b.fails("A subprotocol is one word")
	b.do(chromedp.Evaluate[chromedp.Void](`answers.forEach((answer) => answer())`))
	if got := b.text("#state"); got != want {
		t.Errorf("the page says %q, want %q", got, want)
	}
	if got := eval[int](b, `answers.length`); got != 1 {
		t.Errorf("the page asked %d times", got)
	}
}

// The words of the failures are in the page's language.
func TestRefusedInChinese(t *testing.T) {
	b := open(t, start(t), look{language: "zh-CN"})
	b.provokes(socketFailed)
	b.choose("subprotocol", "chat")
	got := b.fails("它使用的子协议是")
	if latin := regexp.MustCompile(`[A-Za-z][A-Za-z ]*`).FindString(strings.ReplaceAll(got, "echo-protocol", "")); latin != "" {
		t.Errorf("the page says %q", got)
	}
}
