package wsecho_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

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
