package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// Write's error for a peer that is gone, returned by a hook, is not a hook's error, however it is
// wrapped and whatever it is joined with.
func TestWriteErrorFromHook(t *testing.T) {
	for name, wrap := range map[string]func(error) error{
		"as it is": func(err error) error { return err },
		"wrapped":  func(err error) error { return fmt.Errorf("secret: %w", err) },
		"joined":   func(err error) error { return errors.Join(errSecret, err) },
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
				for {
					if err := s.Write(ctx, typ, p); err != nil {
						if !errors.Is(err, net.ErrClosed) {
							t.Errorf("Write: %v", err)
						}
						return wrap(err)
					}
				}
			}})
			b.Peer.Send(peer.Text("m"))
			b.Peer.Next()
			b.Peer.Reset()
			b.CheckHooks(t, sessiontest.End{Label: "lost"})
			if b.Log.Has("level=ERROR") || b.Log.Has("secret") {
				t.Errorf("logged as the hook's:\n%s", b.Log)
			}
		})
	}
}

// A panic with Write's error is a panic, not what Write says of the session.
func TestPanicWithWriteError(t *testing.T) {
	panics := func(s *wsecho.Session) error {
		s.Close(4000, "")
		if err := s.TryWrite(text, nil); err != nil {
			panic(err)
		}
		return nil
	}
	for name, hook := range map[string]func(s *wsecho.Session) error{
		"in OnMessage": panics,
		"in a function of Go": func(s *wsecho.Session) error {
			s.Go(func(context.Context) error { return panics(s) })
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: onMessage(hook)})
			b.Send(peer.Text("m"))
			b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
			if !b.Log.Has("level=ERROR", "hook panicked", "session over", "wsecho_test.") {
				t.Errorf("not logged with its stack:\n%s", b.Log)
			}
		})
	}
}

// hollow is an error that panics when it is asked what it wraps, as one does whose pointer is nil.
type hollow struct{ err error }

func (*hollow) Error() string   { return "hollow" }
func (e *hollow) Unwrap() error { return e.err }

// An error that panics is an error like any other.
func TestHookErrorThatPanics(t *testing.T) {
	var err *hollow
	failed := sessiontest.End{Code: 1011, Label: "error", Err: func(got error) bool { return errors.Is(got, error(err)) }}
	for name, hook := range map[string]func(s *wsecho.Session) error{
		"from OnMessage":        func(*wsecho.Session) error { return err },
		"from a function of Go": func(s *wsecho.Session) error { s.Go(func(context.Context) error { return err }); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: onMessage(hook)})
			b.Send(peer.Text("m"))
			b.Check(t, failed)
		})
	}
	t.Run("from OnOpen", func(t *testing.T) {
		e := serve(t, &wsecho.Handler{OnOpen: func(*wsecho.Session, *http.Request) error { return err }})
		p := e.open(t)
		if got := p.Rest(); !slices.Equal(got, []string{"close:1011", "eof"}) {
			t.Errorf("the peer saw %q", got)
		}
		p.Close()
		await.Poll(t, "the session is gone", func() bool { return e.Stats().Open == 0 })
		if got := e.Stats().Ended; got["error"] != 1 {
			t.Errorf("ended as %v", got)
		}
	})
}
