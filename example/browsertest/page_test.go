package browsertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Words that Chromium puts in the console when a test takes the server away.
const (
	socketFailed = `^WebSocket connection to .* failed`
	fetchFailed  = `^Failed to load resource: net::ERR_(CONNECTION_REFUSED|EMPTY_RESPONSE|CONNECTION_RESET)`
)

func TestEcho(t *testing.T) {
	b := open(t, start(t), look{})
	b.connect()
	b.wait(`document.getElementById('carrier').textContent === 'echo-protocol · HTTP/1.1'`)
	messages := []string{"hello", "你好，世界", "👩‍👩‍👧 🇨🇳 é", "<b>not bold</b>", strings.Repeat("long ", 500)}
	for _, m := range messages {
		b.say(m)
	}
	b.wait(fmt.Sprintf(`document.querySelectorAll('#log .received').length === %d`, len(messages)))
	for _, kind := range []string{"sent", "received"} {
		if got := b.rows(kind); !slices.Equal(got, messages) {
			t.Errorf("%s: %q, want %q", kind, got, messages)
		}
	}
	if now := b.text("#log .sent time"); len(now) != len("12:34:56") {
		t.Errorf("the time of a message is %q", now)
	}

	b.toggle()
	b.waitState("off")
	b.waitRow("note", "1000")
	if b.checked() {
		t.Error("the switch is on while the connection is off")
	}
}

func TestSendButton(t *testing.T) {
	b := open(t, start(t), look{})
	b.connect()
	b.do(chromedp.Click(chromedp.CSS("#send"))) // an empty box sends nothing
	b.write("by hand")
	b.do(chromedp.Click(chromedp.CSS("#send")))
	b.waitRow("received", "by hand")
	if got := b.rows("sent"); !slices.Equal(got, []string{"by hand"}) {
		t.Errorf("sent %q", got)
	}
}

// Keys of a real keyboard: Shift+Enter begins a line, and what is pasted keeps its own.
func TestLines(t *testing.T) {
	b := open(t, start(t), look{})
	b.connect()
	b.write("first")
	b.enter(shift)
	b.write("second\n\nfourth")
	b.enter(0)
	b.waitRow("received", "fourth")
	if got, want := b.rows("received"), []string{"first\nsecond\n\nfourth"}; !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestQueueWhileOff(t *testing.T) {
	b := open(t, start(t), look{})
	messages := []string{"one", "two", "three"}
	for _, m := range messages {
		b.say(m)
	}
	if got := b.queue(); !slices.Equal(got, messages) {
		t.Fatalf("the queue shows %q, want %q", got, messages)
	}
	b.screenshot("queue")
	b.toggle()
	b.wait(`document.querySelectorAll('#log .received').length === 3`)
	for _, kind := range []string{"sent", "received"} {
		if got := b.rows(kind); !slices.Equal(got, messages) {
			t.Errorf("%s: %q, want %q", kind, got, messages)
		}
	}
	if got := b.queue(); len(got) > 0 {
		t.Errorf("still in the queue: %q", got)
	}
}

func TestTwoTabsInARoom(t *testing.T) {
	s := start(t)
	ann, bob, eve := open(t, s, look{}), open(t, s, look{language: "zh-CN"}), open(t, s, look{})
	for _, b := range []*tab{ann, bob, eve} {
		b.choose("target", "room")
		b.choose("room", map[bool]string{true: "elsewhere", false: "茶馆 1"}[b == eve])
		b.connect()
	}
	ann.waitRow("note", "joined. 2 here now.")
	bob.waitRow("note", "。现在共有 2 人。")
	ann.say("anybody there?")
	bob.waitRow("received", "anybody there?")
	bob.say("在呢")
	ann.waitRow("received", "在呢")
	ann.screenshot("room")
	bob.toggle()
	bob.waitState("off")
	ann.waitRow("note", "left. 1 here now.")
	if got := ann.rows("received"); !slices.Equal(got, []string{"在呢"}) {
		t.Errorf("received %q: one's own words do not come back", got)
	}
	if got := eve.rows("received"); len(got) > 0 {
		t.Errorf("another room hears %q", got)
	}
}

// A deploy: the page sees 1001, comes back by itself, and sends what waited.
func TestServiceStopsAndStarts(t *testing.T) {
	s := start(t)
	b := open(t, s, look{})
	b.connect()
	b.provokes(socketFailed)
	s.stop()
	b.waitRow("note", "Connection closed (1001)")
	b.wait(`document.getElementById('countdown').textContent.startsWith('Trying again in')`)
	if !b.checked() {
		t.Error("the switch is off while the page tries again")
	}
	b.say("waited one")
	b.say("waited two")
	b.screenshot("reconnecting")
	s.again()
	b.connected()
	b.wait(`document.querySelectorAll('#log .received').length === 2`)
	for _, kind := range []string{"sent", "received"} {
		if got := b.rows(kind); !slices.Equal(got, []string{"waited one", "waited two"}) {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

// A crash: no close frame, and everything else as above.
func TestServiceIsKilled(t *testing.T) {
	s := start(t)
	b := open(t, s, look{})
	b.connect()
	b.say("before")
	b.waitRow("received", "before")
	b.provokes(socketFailed)
	s.Kill()
	b.waitRow("note", "Connection closed (1006): cut off")
	b.say("after")
	s.again()
	b.connected()
	b.waitRow("received", "after")
	if got := b.rows("sent"); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("sent %q", got)
	}
}

func TestWrongSubprotocol(t *testing.T) {
	s := start(t)
	b := open(t, s, look{})
	b.provokes(socketFailed)
	b.choose("subprotocol", "chat")
	b.say("kept")
	b.toggle()
	b.waitState("failed")
	b.wait(`document.getElementById('state').textContent.includes('It speaks echo-protocol.')`)
	if b.checked() {
		t.Error("the switch stays on after a failed connect")
	}
	b.screenshot("refused")
	b.choose("subprotocol", "echo-protocol")
	b.toggle()
	b.waitRow("received", "kept")
}

func TestServerAway(t *testing.T) {
	s := start(t)
	b := open(t, s, look{})
	b.provokes(socketFailed)
	b.provokes(fetchFailed)
	s.stop()
	b.toggle()
	b.wait(`document.getElementById('state').textContent.includes('cannot be reached')`)
	if b.checked() {
		t.Error("the switch stays on after a failed connect")
	}
}

// Turned off before the socket has opened, the switch stays off; and turned on again at
// once, the page ends up with one socket.
func TestSwitchIsFlicked(t *testing.T) {
	b := open(t, start(t), look{})
	b.provokes(`WebSocket is closed before the connection is established`)
	b.do(chromedp.Evaluate[chromedp.Void](`{ const s = document.getElementById('switch'); s.click(); s.click(); }`))
	b.waitState("off")
	if b.checked() {
		t.Error("the switch is on")
	}
	b.do(chromedp.Evaluate[chromedp.Void](`{ const s = document.getElementById('switch'); s.click(); s.click(); s.click(); }`))
	b.waitState("open")
	b.say("once")
	b.waitRow("received", "once")
	b.do(chromedp.Evaluate[chromedp.Void](`{ const s = document.getElementById('switch'); s.click(); s.click(); }`)) // off and on while open
	b.waitRow("note", "1000")
	b.waitState("open")
	b.say("twice")
	b.waitRow("received", "twice")
	if got := b.rows("received"); !slices.Equal(got, []string{"once", "twice"}) {
		t.Errorf("received %q", got)
	}
	if !b.checked() {
		t.Error("the switch is off")
	}
}

func TestLiveFigures(t *testing.T) {
	b := open(t, start(t), phone)
	b.connect()
	for _, m := range []string{"one", "two"} {
		b.say(m)
	}
	b.do(chromedp.Click(chromedp.CSS("#figures summary")))
	figure := func(stat string) string {
		return fmt.Sprintf(`document.querySelector('#figures tr[data-stat=%s] td[data-handler="/ws"]')?.textContent`, stat)
	}
	b.wait(figure("open") + ` === '1'`)
	b.wait(figure("messages_in") + ` === '2' && ` + figure("bytes_out") + ` === '6'`)
	b.screenshot("figures")
	b.toggle()
	b.waitState("off")
	b.wait(figure("open") + ` === '0' && ` + figure("ended") + ` === 'by the client 1'`)
}

// The policy allows the page its own scripts and sockets, and nothing else.
func TestContentSecurityPolicy(t *testing.T) {
	b := open(t, start(t), look{})
	b.provokes(`Content Security Policy`)
	b.do(chromedp.Evaluate[chromedp.Void](`{
		window.refused = [];
		document.addEventListener('securitypolicyviolation', (e) => refused.push(e.effectiveDirective));
		const script = document.createElement('script');
		script.textContent = 'window.injected = true';
		document.body.append(script);
		document.body.setAttribute('onclick', 'window.injected = true');
		document.body.click();
		try { new WebSocket('ws://127.0.0.1:1/') } catch {}
		fetch('http://127.0.0.1:1/').catch(() => {});
	}`))
	b.wait(`refused.filter((d) => d === 'connect-src').length === 2 && refused.includes('script-src-elem') && refused.includes('script-src-attr')`)
	if eval[bool](b, `Boolean(window.injected)`) {
		t.Error("an inline script ran")
	}
}
