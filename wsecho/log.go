package wsecho

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/wire"
)

// logger returns the Handler's Logger.
func (h *Handler) logger() *slog.Logger { return cmp.Or(h.Logger, slog.Default()) }

// record writes to log. One that panics loses its record and no more: this may be the session's own
// goroutine, where a panic would end the process. The first panic is told on stderr, where slog.Default,
// which may be what panics, has no part.
func (h *Handler) record(ctx context.Context, log *slog.Logger, level slog.Level, msg string, attrs func() []slog.Attr) {
	defer func() {
		if v := recover(); v != nil {
			h.loggerPanicked.Do(func() { fmt.Fprintf(os.Stderr, "wsecho: the Logger panicked, records are lost: %v\n", v) })
		}
	}()
	if log.Enabled(ctx, level) {
		log.LogAttrs(ctx, level, msg, attrs()...)
	}
}

// logPattern reports an entry of OriginPatterns that admits nobody.
func (h *Handler) logPattern(pattern string, err error) {
	h.record(context.Background(), h.logger(), slog.LevelError, "wsecho: origin pattern matches nothing", func() []slog.Attr {
		return []slog.Attr{slog.String("pattern", pattern), slog.Any("err", err)}
	})
}

const invalidCodeMessage = "wsecho: close code may not be sent, 1011 is instead"

// logGoodbye reports a code of Goodbye that may not be sent.
func (h *Handler) logGoodbye() {
	h.record(context.Background(), h.logger(), slog.LevelError, invalidCodeMessage, func() []slog.Attr {
		return []slog.Attr{slog.Int("code", int(h.Goodbye.Code))}
	})
}

// logRefusal is the one record of a refused handshake.
func (h *Handler) logRefusal(r *http.Request, e *HandshakeError) {
	level := slog.LevelInfo
	if e.err != nil {
		level = slog.LevelError // the service's own fault
	}
	h.record(r.Context(), h.logger(), level, "wsecho: handshake refused", func() []slog.Attr {
		attrs := []slog.Attr{
			slog.String("check", e.Check), slog.Int("status", e.Status), slog.String("remote", r.RemoteAddr),
			slog.String("path", e.Path), slog.String("host", e.Host), slog.String("origin", e.Origin), slog.String("subprotocols", e.Subprotocols),
		}
		if e.err != nil {
			attrs = append(attrs, slog.Any("err", e.err))
		}
		return attrs
	})
}

// record writes to the session's Log.
func (s *Session) record(level slog.Level, msg string, attrs func() []slog.Attr) {
	s.h.record(context.WithoutCancel(s.Context()), cmp.Or(s.Log, s.h.logger()), level, msg, attrs)
}

// logEnd is the one record of a session's end.
func (s *Session) logEnd(e *wire.End) {
	level := slog.LevelDebug
	switch e.Label {
	case "error", "panic":
		level = slog.LevelError
	case "invalid", "too_big", "protocol":
		level = slog.LevelWarn
	case "pong_timeout", "read_timeout", "write_timeout":
		level = slog.LevelInfo
	}
	s.record(level, "wsecho: session ended", func() []slog.Attr {
		c := s.conn.Counts()
		attrs := []slog.Attr{
			slog.String("cause", e.Label), slog.Any("err", e.Err), slog.Int("code", int(e.Code)),
			slog.String("remote", s.remote), slog.Duration("duration", s.conn.Duration()),
			slog.Uint64("messages_in", c.MessagesIn), slog.Uint64("messages_out", c.MessagesOut),
			slog.Uint64("bytes_in", c.BytesIn), slog.Uint64("bytes_out", c.BytesOut),
		}
		if p, ok := e.Err.(*PanicError); ok {
			attrs = append(attrs, slog.String("stack", string(p.Stack)))
		}
		if e.Label == "error" {
			safely(func() error { // an Unwrap of the service's may panic
				if wrapsCloseError(e.Err) {
					attrs = append(attrs, slog.String("hint", "wrapped CloseError: return it itself to send its code"))
				}
				return nil
			})
		}
		return attrs
	})
}

// wrapsCloseError says whether a hook's error wraps a CloseError of the service's, not one that Write has
// found in the end of a session.
func wrapsCloseError(err error) bool {
	switch e := err.(type) {
	case websocket.CloseError:
		return true
	case wire.WriteError, *wire.End:
		return false
	case interface{ Unwrap() error }:
		return wrapsCloseError(e.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), wrapsCloseError)
	}
	return false
}

// logPanic is for what a hook returns once the session is ending: it counts no more, but a panic is
// logged all the same.
func (s *Session) logPanic(err error) {
	if e, ok := err.(*PanicError); ok {
		s.record(slog.LevelError, "wsecho: hook panicked as the session ended", func() []slog.Attr {
			return []slog.Attr{slog.Any("err", e), slog.String("remote", s.remote), slog.String("stack", string(e.Stack))}
		})
	}
}

// logOtherSession is the record of an error that a hook has returned and that is another session's.
func (s *Session) logOtherSession(err error) {
	s.record(slog.LevelDebug, "wsecho: hook returned a write error of another session", func() []slog.Attr {
		return []slog.Attr{slog.Any("err", err), slog.String("remote", s.remote)}
	})
}

// logInvalidCode reports a close code that may not be sent.
func (s *Session) logInvalidCode(code websocket.StatusCode) {
	s.record(slog.LevelError, invalidCodeMessage, func() []slog.Attr {
		return []slog.Attr{slog.Int("code", int(code)), slog.String("remote", s.remote)}
	})
}
