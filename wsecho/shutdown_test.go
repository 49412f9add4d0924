package wsecho_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho"
)

// Even under a context that has ended each peer is told.
func TestShutdownWithExpiredContext(t *testing.T) {
	for name, h := range map[string]*wsecho.Handler{"": {}, "with DrainSpread": {DrainSpread: time.Hour}} {
		t.Run("in memory "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := crowd(t, h, 20, false)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := d.Shutdown(ctx); err != context.Canceled || time.Since(d.begin) != 0 {
					t.Errorf("%v after %v", err, time.Since(d.begin))
				}
				d.told(t, 20)
				d.gone(t, 0)
			})
		})
	}
}

func TestShutdownWaits(t *testing.T) {
	t.Run("for every OnClose", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{OnClose: func(ctx context.Context, _ *wsecho.Session, _ error) {
				time.Sleep(time.Hour)
				if ctx.Err() != nil {
					t.Error("OnClose's ctx ended before Shutdown's did")
				}
			}}, 5, false)
			if err := d.Shutdown(t.Context()); err != nil || time.Since(d.begin) != time.Hour {
				t.Errorf("%v after %v", err, time.Since(d.begin))
			}
			d.gone(t, time.Hour)
		})
	})
	t.Run("CloseTimeout for a peer that does not answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{}, 5, true)
			if err := d.Shutdown(t.Context()); err != nil || time.Since(d.begin) != 5*time.Second {
				t.Errorf("%v after %v", err, time.Since(d.begin))
			}
		})
	})
	t.Run("until ctx ends, and cuts what is left", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{CloseTimeout: time.Hour}, 5, true)
			if err := d.Shutdown(within(t, time.Minute)); err != context.DeadlineExceeded {
				t.Error(err)
			}
			synctest.Wait()
			if d.gone(t, time.Minute); d.causes["shutdown"] != 5 || time.Since(d.begin) != time.Minute {
				t.Errorf("OnClose got %v, after %v", d.causes, time.Since(d.begin))
			}
		})
	})
	t.Run("for an OnOpen at work, whose session is not missed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error {
				time.Sleep(time.Minute)
				if !errors.Is(context.Cause(s.Context()), wsecho.ErrShutdown) {
					t.Error("OnOpen's session has not ended")
				}
				return nil
			}}, 5, false)
			if err := d.Shutdown(t.Context()); err != nil || time.Since(d.begin) != time.Minute {
				t.Errorf("%v after %v", err, time.Since(d.begin))
			}
			d.told(t, 5)
			if d.gone(t, time.Minute); d.causes["shutdown"] != 5 {
				t.Errorf("OnClose got %v", d.causes)
			}
		})
	})
}
