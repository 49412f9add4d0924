package wsecho_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

func TestShutdownAgain(t *testing.T) {
	t.Run("at the same time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{DrainSpread: time.Minute}, 20, false)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if err := d.Shutdown(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			d.told(t, 20)
			d.gone(t, time.Minute)
			if err := errors.Join(d.Shutdown(t.Context()), d.Close()); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("a second one with less noStall", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{DrainSpread: time.Hour}, 20, false)
			time.AfterFunc(time.Second, func() { d.Close() })
			if err := d.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			d.told(t, 20)
			d.gone(t, time.Second)
		})
	})
	t.Run("of a handler that never served", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		h := &wsecho.Handler{}
		if err := h.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
}

// Close cuts, and waits for nothing: not for a peer, nor for a hook.
func TestHandlerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 100)
		d := crowd(t, &wsecho.Handler{CloseTimeout: time.Hour, DrainSpread: time.Hour, OnClose: func(ctx context.Context, _ *wsecho.Session, _ error) {
			<-ctx.Done()
			time.Sleep(time.Minute)
			told <- ctx.Err()
		}}, 10, false)
		wsechotest.Dial(t, d, "/", nil) // mute
		synctest.Wait()
		if err := d.Close(); err != nil || time.Since(d.begin) != 0 {
			t.Errorf("%v after %v", err, time.Since(d.begin))
		}
		if res := wsechotest.Refused(t, d, "/", nil); res.StatusCode != 503 {
			t.Errorf("a handshake after Close: %s", res.Status)
		}
		d.told(t, 10)
		if st := d.Stats(); st.Open != 11 {
			t.Errorf("OnClose runs yet, and %d sessions are open", st.Open)
		}
		if err := d.Shutdown(t.Context()); err != nil || len(told) != 11 {
			t.Errorf("%v, %d OnClose", err, len(told))
		}
		d.gone(t, time.Minute)
	})
}
