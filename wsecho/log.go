package wsecho

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/coder/websocket"
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
func (s *Session) logEnd() {
	level := slog.LevelDebug
	switch s.end.Label {
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
			slog.String("cause", s.end.Label), slog.Any("err", s.end.Err), slog.Int("code", int(s.end.Code)),
			slog.String("remote", s.remote), slog.Duration("duration", s.conn.Duration()),
			slog.Uint64("messages_in", c.MessagesIn), slog.Uint64("messages_out", c.MessagesOut),
			slog.Uint64("bytes_in", c.BytesIn), slog.Uint64("bytes_out", c.BytesOut),
		}
		if e, ok := s.end.Err.(*PanicError); ok {
			attrs = append(attrs, slog.String("stack", string(e.Stack)))
		}
		if s.end.Label == "error" && wrapsCloseError(s.end.Err) {
			attrs = append(attrs, slog.String("hint", "wrapped CloseError: return it itself to send its code"))
		}
		return attrs
	})
}

// wrapsCloseError says whether err, a hook's, wraps a close error. It may panic.
func wrapsCloseError(err error) bool {
	wraps := false
	safely(func() error {
		wraps = errors.As(err, new(websocket.CloseError))
		return nil
	})
	return wraps
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
