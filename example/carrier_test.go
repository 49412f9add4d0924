package main

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
)

func TestCarrier(t *testing.T) {
	url := serve(t)
	for _, path := range []string{"/ws", "/rooms/lobby"} {
		c := dial(t, url+path+"?id=mine")
		answer := ask(t, url, func(answer string) bool { return answer != "null\n" })
		var got carrier
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		if host, _, _ := net.SplitHostPort(got.Remote); got.Protocol != "HTTP/1.1" || host != "127.0.0.1" {
			t.Errorf("%s: %+v", path, got)
		}
		if status, body := get(t, url+"/carrier/other"); status != 200 || body != "null\n" {
			t.Errorf("somebody else's: %d %q", status, body)
		}
		c.Close(websocket.StatusNormalClosure, "")
		ask(t, url, func(answer string) bool { return answer == "null\n" })
	}
}

// ask asks for the session named mine until the answer is as wanted: a client may see its
// handshake done before the service lists the session, and its close before it is forgotten.
func ask(t *testing.T, url string, wanted func(string) bool) string {
	t.Helper()
	for deadline := time.Now().Add(await.Patience); ; time.Sleep(time.Millisecond) {
		_, body := get(t, url+"/carrier/mine")
		if wanted(body) {
			return body
		}
		if time.Now().After(deadline) {
			t.Fatalf("the answer stays %q", strings.TrimSpace(body))
		}
	}
}
