package main

import (
	"fmt"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
)

func TestSignalDrains(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		for _, args := range [][]string{nil, {"-tls"}, {"-spread", "20ms"}} {
			t.Run(fmt.Sprint(signal, args), func(t *testing.T) {
				p := start(t, args...)
				echo, ann := dial(t, p.url+"/ws"), enter(t, p.url, "lobby", "", "")
				write(t, echo, "hello")
				if got := read(t, echo); got != "hello" {
					t.Errorf("echo %q", got)
				}
				p.Cmd.Process.Signal(signal)
				if _, _, err := echo.Read(await.Within(t)); websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("the client saw %v, want 1001", err)
				}
				if code := ann.end(); code != websocket.StatusGoingAway {
					t.Errorf("who is in a room saw %d, want 1001", code)
				}
				if code := p.Ends(t); code != 0 {
					t.Errorf("exit %d: %s", code, p.Output())
				}
			})
		}
	}
}

// While it drains the service is healthy and not ready; a second signal cuts it short.
func TestNotReadyWhileDraining(t *testing.T) {
	p := start(t, "-notice", "1h")
	c := dial(t, p.url+"/ws")
	if status, _ := get(t, p.url+"/readyz"); status != http.StatusOK {
		t.Errorf("/readyz says %d at first", status)
	}
	p.Cmd.Process.Signal(syscall.SIGTERM)
	await.Poll(t, "/readyz turns 503", func() bool {
		status, _ := get(t, p.url+"/readyz")
		return status == http.StatusServiceUnavailable
	})
	if status, _ := get(t, p.url+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz says %d while the service drains", status)
	}
	write(t, c, "still here")
	if got := read(t, c); got != "still here" {
		t.Errorf("echo %q", got)
	}
	for sent := 0; sent < 100; sent++ { // one may come before the first has put the default back
		p.Cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.Done:
			sent = 100
		case <-time.After(100 * time.Millisecond):
		}
	}
	if code := p.Ends(t); code == 0 {
		t.Error("exit 0, though the sessions were cut")
	}
}
