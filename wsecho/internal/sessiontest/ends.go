package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// row is one way to end. What the peer does is send, or do; with neither it sends the message
// "now", at which hook runs.
type row struct {
	name string
	set  func(h *wsecho.Handler)
	hook func(ctx context.Context, s *wsecho.Session) error
	send []byte
	do   func(b *Both)
	gone bool // the peer does not read before the session has ended, and sees no close frame
	soon bool // the peer has half a second to take the close frame
	end  End
}

var (
	errHook    = errors.New("secret: the database is down")
	errWrapped = fmt.Errorf("upstream: %w", websocket.CloseError{Code: 4001, Reason: "secret"})
)

func closeError(code websocket.StatusCode) func(error) bool {
	return func(err error) bool { return websocket.CloseStatus(err) == code }
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isPanic(value any) func(error) bool {
	return func(err error) bool {
		var p *wsecho.PanicError
		return errors.As(err, &p) && p.Value == value && strings.Contains(string(p.Stack), "sessiontest")
	}
}

func inGo(f func(context.Context) error) func(context.Context, *wsecho.Session) error {
	return func(_ context.Context, s *wsecho.Session) error { s.Go(f); return nil }
}

var rows = []row{
	{name: "the peer closes", send: peer.Close(1000, "bye"),
		end: End{Code: 1000, Reason: "*", Label: "peer", Err: func(err error) bool {
			var ce websocket.CloseError
			return errors.As(err, &ce) && ce == websocket.CloseError{Code: 1000, Reason: "bye"}
		}}},
	{name: "the peer closes with a code of its own", send: peer.Close(4321, strings.Repeat("r", 123)),
		end: End{Code: 4321, Reason: "*", Label: "peer", Err: closeError(4321)}},
	{name: "the peer closes without a code", send: peer.Close(1005, ""),
		end: End{Code: 1005, Label: "peer", Err: closeError(1005)}},
	{name: "the peer closes inside a message", send: peer.Join(peer.Fragment(peer.OpText, "a"), peer.Close(1001, "")),
		end: End{Code: 1001, Reason: "*", Label: "peer", Err: closeError(1001)}},
	{name: "the peer closes and goes on", send: peer.Join(peer.Close(1000, ""), peer.Text("after"), peer.Ping("after"), peer.Close(1001, ""), []byte("\xff\xff")),
		end: End{Code: 1000, Reason: "*", Label: "peer", Err: closeError(1000)}},

	{name: "the peer vanishes", do: func(b *Both) { b.Peer.Close() }, gone: true,
		end: End{Label: "lost", Err: is(io.EOF)}},
	{name: "the peer vanishes inside a frame", do: func(b *Both) { b.Peer.Send(peer.Text("half")[:8]); b.Peer.Close() }, gone: true,
		end: End{Label: "lost", Err: func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }}},
	{name: "the peer's sending side ends", do: func(b *Both) {
		if !b.Peer.CloseWrite() {
			b.Peer.Close()
		}
	}, gone: true, end: End{Label: "lost", Err: is(io.EOF)}},

	{name: "a hook returns a CloseError", hook: func(context.Context, *wsecho.Session) error {
		return websocket.CloseError{Code: 4000, Reason: "enough"}
	}, end: End{Code: 4000, Reason: "enough", Label: "hook", Err: is(websocket.CloseError{Code: 4000, Reason: "enough"})}},
	{name: "a hook returns any other error", hook: func(context.Context, *wsecho.Session) error { return errHook },
		end: End{Code: 1011, Label: "error", Err: is(errHook)}},
	{name: "a hook returns a wrapped CloseError", hook: func(context.Context, *wsecho.Session) error { return errWrapped },
		end: End{Code: 1011, Label: "error", Err: is(errWrapped)}},
	{name: "a hook panics", hook: func(context.Context, *wsecho.Session) error { panic("secret") },
		end: End{Code: 1011, Label: "panic", Err: isPanic("secret")}},
	{name: "a function of Go returns a CloseError", hook: inGo(func(context.Context) error { return websocket.CloseError{Code: 3000, Reason: "go"} }),
		end: End{Code: 3000, Reason: "go", Label: "hook", Err: closeError(3000)}},
	{name: "a function of Go returns any other error", hook: inGo(func(context.Context) error { return errHook }),
		end: End{Code: 1011, Label: "error", Err: is(errHook)}},
	{name: "a function of Go panics", hook: inGo(func(context.Context) error { panic("secret") }),
		end: End{Code: 1011, Label: "panic", Err: isPanic("secret")}},

	{name: "Session.Close in a hook", hook: func(ctx context.Context, s *wsecho.Session) error {
		s.Write(ctx, websocket.MessageText, []byte("last words"))
		s.Close(4004, "why")
		return nil
	}, end: End{Frames: []string{"text:last words"}, Code: 4004, Reason: "why", Label: "closed", Err: closeError(4004)}},
	{name: "Session.Close from outside", do: func(b *Both) { b.Session.Close(1000, "done") },
		end: End{Code: 1000, Reason: "done", Label: "closed", Err: closeError(1000)}},

	{name: "message over ReadLimit", send: peer.Binary(make([]byte, limit+1)),
		end: End{Code: 1009, Reason: "*", Label: "too_big", Err: is(websocket.ErrMessageTooBig)}},
	{name: "message over ReadLimit, its header alone", set: unfinished, send: peer.Frame{First: peer.Fin | peer.OpText, Declared: limit + 1}.Bytes(),
		end: End{Code: 1009, Reason: "*", Label: "too_big", Err: is(websocket.ErrMessageTooBig)}},
	{name: "message over ReadLimit in fragments", set: unfinished, send: peer.Join(peer.Fragment(peer.OpBinary, strings.Repeat("a", limit)),
		peer.Frame{First: peer.OpContinuation, Declared: 1}.Bytes()),
		end: End{Code: 1009, Reason: "*", Label: "too_big", Err: is(websocket.ErrMessageTooBig)}},
	{name: "fragments longer than any message can be, without a ReadLimit", set: func(h *wsecho.Handler) { unfinished(h); h.ReadLimit = -1 },
		send: peer.Join(peer.Fragment(peer.OpBinary, "abc"), peer.Frame{First: peer.OpContinuation, Declared: 1<<63 - 1}.Bytes()),
		end:  End{Code: 1009, Reason: "*", Label: "too_big", Err: is(websocket.ErrMessageTooBig)}},
	{name: "message over ReadLimit, in the middle of 10 MiB", set: unhurried, do: func(b *Both) { b.Send(long()) },
		end: End{Code: 1009, Reason: "*", Label: "too_big", Err: is(websocket.ErrMessageTooBig)}},

	{name: "no byte within PongTimeout of a ping", set: func(h *wsecho.Handler) { h.PingInterval, h.PongTimeout = 500*time.Millisecond, 100*time.Millisecond },
		do: func(b *Both) { b.Peer.Mute = true }, soon: true, end: End{Code: 1011, Reason: "*", Label: "pong_timeout", Err: is(wsecho.ErrPongTimeout)}},
	{name: "no progress within WriteTimeout", set: func(h *wsecho.Handler) { h.WriteTimeout, h.CloseTimeout = 2500*time.Millisecond, time.Hour }, // for the handshake too
		hook: func(ctx context.Context, s *wsecho.Session) error {
			for p := incompressible(256 << 10); ; {
				if err := s.Write(ctx, websocket.MessageBinary, p); err != nil {
					return err
				}
			}
		}, gone: true, end: End{Label: "write_timeout", Err: is(wsecho.ErrWriteTimeout)}},

	{name: "Shutdown", do: func(b *Both) { go b.Handler.Shutdown(context.Background()) },
		end: End{Code: 1001, Reason: "*", Label: "shutdown", Err: is(wsecho.ErrShutdown)}},
	{name: "Shutdown with a context that has ended", do: func(b *Both) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		go b.Handler.Shutdown(ctx)
	}, end: End{Code: 1001, Reason: "*", Cut: true, Label: "shutdown", Err: is(wsecho.ErrShutdown)}},
	{name: "Handler.Close", do: func(b *Both) { b.Handler.Close() },
		end: End{Code: 1001, Reason: "*", Cut: true, Label: "shutdown", Err: is(wsecho.ErrShutdown)}},
}

// unfinished is for a peer that leaves a frame unfinished: it never gets its close frame through.
func unfinished(h *wsecho.Handler) { h.CloseTimeout = 2 * time.Second }

// unhurried is for what a busy machine may take long to read and drop.
func unhurried(h *wsecho.Handler) { h.CloseTimeout = time.Minute }

// long is a message that no socket's buffers hold.
var long = sync.OnceValue(func() []byte { return peer.Binary(make([]byte, 10<<20)) })

// limit is the ReadLimit of these tests.
const limit = 4096

// Starter is Start, or what brings the session into some state as well.
type Starter func(t *testing.T, over Transport, h *wsecho.Handler, deflate bool) *Both

// RunEnds ends sessions from start in every way.
func RunEnds(t *testing.T, over Transport, deflate bool, start Starter) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if r.soon {
				over.promptly(t, func(t *testing.T) { r.run(t, over, deflate, start) })
			} else {
				r.run(t, over, deflate, start)
			}
		})
	}
}

// run ends a session from start in this way.
func (r row) run(t *testing.T, over Transport, deflate bool, start Starter) {
	h := &wsecho.Handler{ReadLimit: limit, OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		if r.hook == nil || string(p) != "now" {
			t.Errorf("OnMessage got %q", p)
			return nil
		}
		return r.hook(ctx, s)
	}}
	if r.set != nil {
		r.set(h)
	}
	b := start(t, over, h, deflate)
	switch {
	case r.do != nil:
		r.do(b)
	case r.send != nil:
		b.Send(r.send)
	default:
		b.Send(b.Text("now"))
	}
	if r.gone {
		b.CheckHooks(t, r.end)
		for _, m := range b.Peer.Rest() {
			if strings.HasPrefix(m, "close") {
				t.Errorf("a close frame was sent: %s", m)
			}
		}
	} else {
		b.Check(t, r.end)
	}
	checkLog(t, b, r.end.Label)
}

// checkLog: a hook's error is logged, and a panic with its stack.
func checkLog(t *testing.T, b *Both, label string) {
	t.Helper()
	switch label {
	case "error":
		if !b.Log.Has("level=ERROR", "secret") {
			t.Errorf("the hook's error was not logged:\n%s", b.Log)
		}
	case "panic":
		if !b.Log.Has("level=ERROR", "secret", "sessiontest.") {
			t.Errorf("the panic was not logged with its stack:\n%s", b.Log)
		}
	default:
		if b.Log.Has("level=ERROR") {
			t.Errorf("logged as an error:\n%s", b.Log)
		}
	}
}
