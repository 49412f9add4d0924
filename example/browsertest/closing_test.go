package browsertest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// sockets is the script of a page that opens sockets one after the other and returns, as JSON, what each
// of them saw.
const sockets = `(async () => {
	const all = [];
	for (let n = 0; n < %d; n++) {
		all.push(await new Promise((done) => {
			const saw = { opened: false, messages: [] };
			const socket = new WebSocket(location.href.replace('http', 'ws') + %q, 'echo-protocol');
			socket.onopen = () => { saw.opened = true; };
			socket.onmessage = ({ data }) => saw.messages.push(data.length < 100 ? data : String(data.length));
			socket.onclose = ({ code, reason, wasClean }) => done({ ...saw, code, reason, clean: wasClean });
		}));
	}
	return JSON.stringify(all);
})()`

// A saw is what a page saw of one socket.
type saw struct {
	Opened   bool     // onopen came
	Messages []string // a long one by its length
	Code     int
	Reason   string
	Clean    bool // wasClean
}

// browsers load a page and return what its script does.
var browsers = map[string]func(t *testing.T, url, script string) string{
	"Chromium": func(t *testing.T, url, script string) string {
		first, err := chromium()
		if err != nil {
			t.Fatalf("starting chromium: %v", err)
		}
		ctx, cancel := chromedp.NewContext(first)
		defer cancel()
		if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
			t.Fatal(err)
		}
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		return got
	},
	"Firefox": func(t *testing.T, url, script string) string {
		f, err := firefox()
		if err != nil {
			t.Fatalf("starting firefox: %v", err)
		}
		got, err := f.run(url, script)
		if err != nil {
			t.Fatal(err)
		}
		return got
	},
	"WebKit": func(t *testing.T, url, script string) string {
		k, err := webkit()
		if err != nil {
			t.Fatalf("starting WebKit: %v", err)
		}
		got, err := k.run(url, script)
		if err != nil {
			t.Fatal(err)
		}
		return got
	},
}

// What a service says last arrives, with all that it said before: the page sees the socket open, every
// message, the code and the reason, and a clean close.
func TestLastWords(t *testing.T) {
	const n = 12
	for browser, run := range browsers {
		for version, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
			for path, want := range lastWords {
				t.Run(fmt.Sprintf("%s, %s, %s", browser, version, path), func(t *testing.T) {
					s := startTalker(t, h2)
					var got []saw
					if err := json.Unmarshal([]byte(run(t, s.url, fmt.Sprintf(sockets, n, path))), &got); err != nil {
						t.Fatal(err)
					}
					all := map[string]int{}
					for _, g := range got {
						all[fmt.Sprintf("%+v", g)]++
					}
					if want := fmt.Sprintf("%+v", want); all[want] != n {
						t.Errorf("%d of %d pages saw %s; all: %v", all[want], n, want, all)
					}
					if browser == "WebKit" {
						version = "HTTP/1.1" // libsoup opens sockets over no other
					}
					if got := s.carried(); len(got) != 1 || got[version] != n {
						t.Errorf("the sockets came over %v", got)
					}
				})
			}
		}
	}
}
