package wsecho_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

// inFlight opens a connection to h with a client that never reads; meanwhile runs in the middle of the
// upgrade.
func inFlight(t *testing.T, h *wsecho.Handler, meanwhile func()) {
	wsechotest.Dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(watchedHijack{w, meanwhile}, r)
	}), "/", nil)
}

// Without an OnOpen there is nothing to be too late for: the session opens, and OnClose finds it listed.
func TestShutdownAndUpgradeInFlightWithoutOnOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, listed := &wsecho.Handler{}, -1
		h.OnClose = func(_ context.Context, s *wsecho.Session, err error) {
			if listed = count(h); !errors.Is(err, wsecho.ErrShutdown) {
				t.Errorf("OnClose got %v", err)
			}
		}
		inFlight(t, h, func() {
			go h.Shutdown(context.Background())
			time.Sleep(time.Second)
		})
		time.Sleep(time.Minute)
		if synctest.Wait(); listed != 1 || h.Stats().Open != 0 {
			t.Errorf("OnClose found %d listed; then %+v", listed, h.Stats())
		}
	})
}

// Handler.Close cuts an upgrade in flight too: its peer is not waited for.
func TestHandlerCloseAndUpgradeInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{CloseTimeout: time.Hour}
		inFlight(t, h, func() { h.Close() })
		if time.Sleep(time.Minute); h.Stats().Open != 0 || h.Stats().Ended["shutdown"] != 1 {
			t.Errorf("%+v", h.Stats())
		}
	})
}

// watchedHijack is a writer that says when it has been hijacked.
type watchedHijack struct {
	http.ResponseWriter
	hijacked func()
}

func (w watchedHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	defer w.hijacked()
	return w.ResponseWriter.(http.Hijacker).Hijack()
}

// An upgrade in flight when Shutdown begins is waited for, opens no session and is told.
func TestShutdownAndUpgradeInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{OnOpen: func(*wsecho.Session, *http.Request) error {
			t.Error("OnOpen")
			return nil
		}}
		drained := make(chan error, 1)
		var took time.Duration
		c := wsechotest.Dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(watchedHijack{w, func() {
				go func() {
					begin := time.Now()
					drained <- h.Shutdown(context.Background())
					took = time.Since(begin)
				}()
				time.Sleep(time.Hour)
			}}, r)
		}), "/", nil)
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("the client saw %v", err)
		}
		err := <-drained
		if synctest.Wait(); err != nil || took < time.Hour {
			t.Errorf("Shutdown: %v after %v", err, took)
		}
		if st := h.Stats(); st.Open != 0 || st.Opened != 1 || st.Ended["shutdown"] != 1 {
			t.Errorf("%+v", st)
		}
	})
}
