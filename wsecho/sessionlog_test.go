package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// logging is what makes a session log one of its records, and words of that record.
type logging struct {
	hook  func(s *wsecho.Session) error
	level string
	words string
}

// sessionRecords are all that a session logs.
func sessionRecords(t *testing.T) map[string]logging {
	other := start(t, &wsecho.Handler{}).Session
	return map[string]logging{
		"its end":                       {func(*wsecho.Session) error { return errSecret }, "ERROR", "session ended"},
		"a panic as it ends":            {func(s *wsecho.Session) error { s.Close(4000, ""); panic("late") }, "ERROR", "panicked"},
		"a code that may not be sent":   {func(s *wsecho.Session) error { s.Close(99, ""); return nil }, "ERROR", "may not be sent"},
		"a hook's that may not be sent": {func(*wsecho.Session) error { return websocket.CloseError{Code: 1} }, "ERROR", "may not be sent"},
		"another's write error": {func(s *wsecho.Session) error {
			defer s.Close(4000, "")
			return other.Write(expired(), text, nil)
		}, "DEBUG", "another session"},
		"what a function of Go comes to": {func(s *wsecho.Session) error {
			s.Go(func(context.Context) error { return errSecret })
			return nil
		}, "ERROR", "session ended"},
	}
}

// OnOpen may replace Log: what the session logs from then on goes there, and nothing to the Handler's.
func TestSessionLogReplaced(t *testing.T) {
	for name, c := range sessionRecords(t) {
		t.Run(name, func(t *testing.T) {
			var log sessiontest.Log
			h := &wsecho.Handler{
				OnOpen: func(s *wsecho.Session, r *http.Request) error {
					s.Log = log.Logger().With("user", "ann")
					s.Log.Info("in the hook")
					return nil
				},
				OnMessage: onMessage(c.hook),
			}
			b := start(t, h)
			b.Send(peer.Text("m"))
			await.Value(t, "OnClose", b.Ended)
			b.Peer.Close()
			b.Gone(t)
			if !log.Has("in the hook") || !log.Has("level="+c.level, c.words, "user=ann") {
				t.Errorf("its own log has:\n%s", &log)
			}
			if b.Log.String() != "" {
				t.Errorf("the Handler's Logger has:\n%s", b.Log)
			}
		})
	}
}

// A Log that is nil is the Handler's Logger, which Log is before OnOpen.
func TestSessionLogUnset(t *testing.T) {
	for name, c := range sessionRecords(t) {
		t.Run(name, func(t *testing.T) {
			h := &wsecho.Handler{OnMessage: onMessage(c.hook)}
			h.OnOpen = func(s *wsecho.Session, r *http.Request) error {
				if s.Log != h.Logger {
					t.Error("before OnOpen Log is not the Handler's Logger")
				}
				s.Log = nil
				return nil
			}
			b := start(t, h)
			b.Send(peer.Text("m"))
			await.Value(t, "OnClose", b.Ended)
			b.Peer.Close()
			b.Gone(t)
			if !b.Log.Has("level="+c.level, c.words) {
				t.Errorf("the Handler's Logger has:\n%s", b.Log)
			}
		})
	}
}

type requestID struct{}

// withID takes a request's id from the context of each record, as many services' slog.Handlers do.
type withID struct{ slog.Handler }

func (h withID) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(slog.Any("request", ctx.Value(requestID{})), slog.Any("over", ctx.Err()))
	return h.Handler.Handle(ctx, r)
}

// Records carry the session's context, or the request's of a handshake that was refused, and none that has ended:
// a handler may do what takes one.
func TestRecordsCarryTheContext(t *testing.T) {
	n := 0
	identify := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n++
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestID{}, fmt.Sprint("id-", n))))
		})
	}
	for name, c := range sessionRecords(t) {
		t.Run(name, func(t *testing.T) {
			n = 0
			var log sessiontest.Log
			e := serve(t, &wsecho.Handler{Logger: slog.New(withID{log.Logger().Handler()}), OnMessage: onMessage(c.hook)}, identify)
			e.shake(t, peer.Request{Lines: []string{"Sec-WebSocket-Version: 12"}})
			p := e.open(t)
			p.Send(peer.Text("m"))
			await.Poll(t, "it is logged", func() bool { return log.Has(c.words, "request=id-2", "over=<nil>") })
			if !log.Has("handshake refused", "request=id-1") {
				t.Errorf("logged:\n%s", &log)
			}
			p.Rest()
			p.Close()
		})
	}
}

// An Error record says what to do about a CloseError that did not reach the peer, and only that one.
func TestHintAtWrappedCloseError(t *testing.T) {
	refusal := websocket.CloseError{Code: 4001, Reason: "no"}
	over := start(t, &wsecho.Handler{})
	over.Session.Close(4000, "")
	ended := over.Session.TryWrite(text, nil)
	for name, c := range map[string]struct {
		err  error
		hint bool
	}{
		"wrapped":                {fmt.Errorf("refused: %w", refusal), true},
		"wrapped twice":          {fmt.Errorf("hook: %w", fmt.Errorf("refused: %w", refusal)), true},
		"joined":                 {errors.Join(errSecret, refusal), true},
		"any other":              {errSecret, false},
		"another session's end":  {errors.Join(errSecret, ended), false},
		"what its OnClose got":   {fmt.Errorf("other: %w", context.Cause(over.Session.Context())), false},
		"one that panics within": {fmt.Errorf("other: %w", (*hollow)(nil)), false},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { return c.err })})
			b.Send(peer.Text("m"))
			b.CheckPeer(t, sessiontest.End{Code: 1011})
			b.Peer.Close()
			await.Value(t, "OnClose", b.Ended)
			if !b.Log.Has("level=ERROR", "session ended") || b.Log.Has(`hint="wrapped CloseError: return it itself to send its code"`) != c.hint {
				t.Errorf("logged:\n%s", b.Log)
			}
		})
	}
}
