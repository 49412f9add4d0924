package wsechotest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// ReadWithin returns c's next message, which must come within d: none, or the end of the session, is a t.Fatal that
// says which. As with coder's Read, c is closed when the time is over.
func ReadWithin(t testing.TB, c *websocket.Conn, d time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	_, p, err := c.Read(ctx)
	var closed websocket.CloseError
	switch {
	case err == nil:
	case ctx.Err() != nil:
		t.Fatalf("wsechotest: no message within %v", d)
	case errors.As(err, &closed):
		t.Fatalf("wsechotest: instead of a message: closed with %d %q", closed.Code, closed.Reason)
	default:
		t.Fatalf("wsechotest: instead of a message: %v", err)
	}
	return string(p)
}
