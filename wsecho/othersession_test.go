package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// full makes TryWrite of s fail: its peer reads nothing.
func full(s *wsecho.Session) error {
	return refused(func() error { return s.TryWrite(websocket.MessageBinary, make([]byte, 256<<10)) })
}

// refused calls try until it fails: of a queue that is full the kernel may yet take some.
func refused(try func() error) error {
	for {
		if err := try(); err != nil {
			return err
		}
	}
}

// others are errors that sessions of another Handler give to who writes to them.
func others(t *testing.T) map[string]error {
	t.Helper()
	ended := start(t, &wsecho.Handler{})
	ended.Session.Close(4000, "")
	slow := start(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1})
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	m := wsecho.Prepare(text, make([]byte, 256<<10))
	all := map[string]error{
		"Write, ended":            ended.Session.Write(context.Background(), text, nil),
		"TryWrite, ended":         ended.Session.TryWrite(text, nil),
		"TryWritePrepared, ended": ended.Session.TryWritePrepared(m),
		"TryWrite, no room":       full(slow.Session),
		"TryWritePrepared":        refused(func() error { return slow.Session.TryWritePrepared(m) }),
		"Write, its context":      slow.Session.Write(canceled, text, nil),
		"WritePrepared":           slow.Session.WritePrepared(canceled, m),
	}
	for name, err := range all {
		if !errors.Is(err, net.ErrClosed) && !errors.Is(err, wsecho.ErrWriteLimit) && !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

// wraps are what a hook may make of such an error on its way out.
var wraps = map[string]func(err error) error{
	"as it is":             func(err error) error { return err },
	"wrapped":              func(err error) error { return fmt.Errorf("broadcast: %w", err) },
	"wrapped twice":        func(err error) error { return fmt.Errorf("room: %w", fmt.Errorf("broadcast: %w", err)) },
	"joined":               func(err error) error { return errors.Join(nil, err, fmt.Errorf("again: %w", err)) },
	"wrapped with another": func(err error) error { return fmt.Errorf("%w and %w", err, err) },
}

// What Write says of another session ends the one whose hook returns it in no way: not from OnMessage nor
// from a function of Go, and from OnOpen it does not keep a session from opening.
func TestWriteErrorOfAnotherSession(t *testing.T) {
	for kind, err := range others(t) {
		for how, wrap := range wraps {
			t.Run(kind+"/"+how, func(t *testing.T) {
				fails := func(context.Context) error { return wrap(err) }
				h := &wsecho.Handler{
					OnOpen: func(*wsecho.Session, *http.Request) error { return wrap(err) },
					OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
						s.Go(fails)
						return errors.Join(wsecho.Echo(ctx, s, typ, p), wrap(err))
					},
				}
				b := start(t, h)
				b.Send(peer.Text("one"), peer.Text("two"), peer.Close(1000, ""))
				b.Check(t, sessiontest.End{Frames: []string{"text:one", "text:two"}, Code: 1000, Reason: "*", Label: "peer"})
				if !b.Log.Has("level=DEBUG", "another session", wrap(err).Error()[:7]) || b.Log.Has("level=ERROR") {
					t.Errorf("logged:\n%s", b.Log)
				}
			})
		}
	}
}

// Joined with an error of the hook's own, that one counts, before or behind.
func TestWriteErrorJoinedWithOwn(t *testing.T) {
	over := start(t, &wsecho.Handler{})
	over.Session.Close(4000, "why")
	err := over.Session.TryWrite(text, nil)
	for name, joined := range map[string]error{
		"before": errors.Join(errSecret, err), "behind": errors.Join(err, errSecret),
		"wrapped with it": fmt.Errorf("%w: %w", err, errSecret), "deep within": errors.Join(err, fmt.Errorf("then: %w", errors.Join(err, errSecret))),
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { return joined })})
			b.Send(peer.Text("m"))
			b.Check(t, sessiontest.End{Code: 1011, Label: "error", Err: func(err error) bool { return errors.Is(err, errSecret) }})
			if !b.Log.Has("level=ERROR", "secret") || b.Log.Has("hint=") {
				t.Errorf("logged:\n%s", b.Log)
			}
		})
	}
	t.Run("a CloseError among them is a wrapped one", func(t *testing.T) {
		b := start(t, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { return errors.Join(err, websocket.CloseError{Code: 4001}) })})
		b.Send(peer.Text("m"))
		b.Check(t, sessiontest.End{Code: 1011, Label: "error"})
	})
}

// Of its own session a hook's write errors count as ever, but for that its peer is gone.
func TestOwnWriteErrors(t *testing.T) {
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		write func(s *wsecho.Session) error
		is    error
	}{
		"no room":     {full, wsecho.ErrWriteLimit},
		"its context": {func(s *wsecho.Session) error { return s.Write(canceled, text, nil) }, context.Canceled},
		"no room, joined with another's": {func(s *wsecho.Session) error {
			over := start(t, &wsecho.Handler{})
			over.Session.Close(4000, "")
			return errors.Join(over.Session.TryWrite(text, nil), full(s))
		}, wsecho.ErrWriteLimit},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{WriteTimeout: -1, CloseTimeout: noStall, OnMessage: onMessage(c.write)})
			b.Send(peer.Text("m"))
			await.Value(t, "the end", b.Session.Context().Done())
			b.Peer.Rest()
			b.Peer.Close()
			b.CheckHooks(t, sessiontest.End{Code: 1011, Label: "error", Err: func(err error) bool { return errors.Is(err, c.is) }})
		})
	}
}

// A message type that is none is a mistake of the hook's, whichever session it was written to.
func TestBadTypeIsTheHooksOwn(t *testing.T) {
	other := start(t, &wsecho.Handler{})
	for name, write := range map[string]func() error{
		"TryWrite":         func() error { return other.Session.TryWrite(3, nil) },
		"Write":            func() error { return other.Session.Write(context.Background(), 0, nil) },
		"TryWritePrepared": func() error { return other.Session.TryWritePrepared(wsecho.Prepare(8, nil)) },
		"WritePrepared":    func() error { return other.Session.WritePrepared(context.Background(), wsecho.Prepare(-1, nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { return write() })})
			b.Send(peer.Text("m"))
			b.Check(t, sessiontest.End{Code: 1011, Label: "error"})
			if !b.Log.Has("level=ERROR", "neither text nor binary") {
				t.Errorf("logged:\n%s", b.Log)
			}
		})
	}
}

// A panic is one, though with what Write says of another session.
func TestPanicWithWriteErrorOfAnotherSession(t *testing.T) {
	over := start(t, &wsecho.Handler{})
	over.Session.Close(4000, "")
	b := start(t, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { panic(over.Session.TryWrite(text, nil)) })})
	b.Send(peer.Text("m"))
	b.Check(t, sessiontest.End{Code: 1011, Label: "panic"})
}

// listOf wraps errors, and panics when it is asked for them.
type listOf []error

func (listOf) Error() string     { return "a list" }
func (l listOf) Unwrap() []error { panic("no list") }

// An Unwrap that panics beside another session's error leaves the error the hook's.
func TestUnwrapThatPanics(t *testing.T) {
	over := start(t, &wsecho.Handler{})
	over.Session.Close(4000, "")
	err := over.Session.TryWrite(text, nil)
	for name, joined := range map[string]error{"before": errors.Join(listOf{err}, err), "behind": errors.Join(err, listOf{err})} {
		t.Run(name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { return joined })})
			b.Send(peer.Text("m"))
			b.CheckPeer(t, sessiontest.End{Code: 1011})
			b.Peer.Close()
			await.Value(t, "OnClose", b.Ended)
			if !b.Log.Has("level=ERROR", "a list") {
				t.Errorf("logged:\n%s", b.Log)
			}
		})
	}
}
