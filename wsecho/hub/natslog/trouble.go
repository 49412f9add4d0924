package natslog

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// trouble logs what ails a loop that tries again: once, and that it is over.
type trouble struct {
	logger *slog.Logger
	stream string
	said   string // what was logged last; "": all is well
}

// note logs err if it is another than the last, and its end if it is nil.
func (t *trouble) note(err error) {
	switch {
	case errors.Is(err, context.Canceled):
	case err == nil && t.said != "":
		t.said = ""
		t.logger.Info("wsecho: natslog: the stream is followed again", "stream", t.stream)
	case err != nil && err.Error() != t.said:
		t.said = err.Error()
		t.logger.Warn("wsecho: natslog: the stream cannot be followed", "stream", t.stream, "err", err)
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
