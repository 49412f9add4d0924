package browsertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/wsecho/middleware"
)

// refusedSocket is the script of a page that opens one socket, at a URL and offering subprotocols, and returns as JSON
// what it saw.
const refusedSocket = `new Promise((done) => {
	const saw = { opened: false };
	const socket = new WebSocket(%q, %s);
	socket.onopen = () => { saw.opened = true; };
	socket.onclose = ({ code, reason, wasClean }) => done(JSON.stringify({ ...saw, code, reason, clean: wasClean }));
})`

// startRefuser serves an empty page, and refuses every socket behind CloseRefused at /told and without it at /mute. It
// counts the handshakes that came over HTTP/2.
func startRefuser(t *testing.T, h2 bool) (url string, overHTTP2 *atomic.Int32) {
	overHTTP2 = new(atomic.Int32)
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Proto, "HTTP/2") {
			overHTTP2.Add(1)
		}
		http.Error(w, "who are you?\nsay it in the query", http.StatusUnauthorized)
	})
	mux := http.NewServeMux()
	mux.Handle("/told", middleware.CloseRefused(refuse))
	mux.Handle("/mute", refuse)
	return servePage(t, mux, h2), overHTTP2
}

// A page that is refused sees the status and why, over either version of HTTP and whatever it offers; a page of another
// origin sees the status alone; and without CloseRefused none sees anything.
func TestCloseRefused(t *testing.T) {
	told := saw{Opened: true, Code: 4401, Reason: "who are you?", Clean: true}
	for browser, run := range browsers {
		for version, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
			t.Run(browser+", "+version, func(t *testing.T) {
				url, overHTTP2 := startRefuser(t, h2)
				for _, row := range []struct {
					host, path, offers string
					want               saw
				}{
					{"127.0.0.1", "/told", `["echo-protocol", "bearer.x"]`, told},
					{"127.0.0.1", "/told", `[]`, told},
					{"localhost", "/told", `["echo-protocol"]`, saw{Opened: true, Code: 4401, Clean: true}},
					{"127.0.0.1", "/mute", `["echo-protocol"]`, saw{Code: 1006}},
				} {
					target := strings.Replace(strings.Replace(url, "http", "ws", 1), "127.0.0.1", row.host, 1) + row.path
					var got saw
					if err := json.Unmarshal([]byte(run(t, url+"/", fmt.Sprintf(refusedSocket, target, row.offers))), &got); err != nil {
						t.Fatal(err)
					}
					if fmt.Sprint(got) != fmt.Sprint(row.want) {
						t.Errorf("%s offering %s saw %+v, want %+v", target, row.offers, got, row.want)
					}
				}
				expected := h2 && browser != "WebKit" // libsoup opens sockets over HTTP/1.1 alone
				if n := overHTTP2.Load(); expected != (n > 0) {
					t.Errorf("%d handshakes came over HTTP/2", n)
				}
			})
		}
	}
}

// Node's ws sees what a page does.
func TestCloseRefusedInNode(t *testing.T) {
	url, _ := startRefuser(t, false)
	command(t, &service{t: t, url: url}, "node", "--test", "closerefused.test.js")
}
