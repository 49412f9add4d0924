package hub

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// frame is what tells sessions of an Event.
type frame struct {
	message *wsecho.Prepared // shared by all that get it; nil: nobody is sent anything
	broken  bool             // Encode panicked
}

// trySend sends f to s if there is room. It and send are the only ones that write to a session.
func (f *frame) trySend(s *wsecho.Session) error {
	if f.isSilent(s) {
		return nil
	}
	return s.TryWritePrepared(f.message)
}

// send sends f to s once there is room.
func (f *frame) send(ctx context.Context, s *wsecho.Session) error {
	if f.isSilent(s) {
		return nil
	}
	return s.WritePrepared(ctx, f.message)
}

// isSilent says whether there is nothing to send. A session whose message could not be made is ended, or it would
// have a hole.
func (f *frame) isSilent(s *wsecho.Session) bool {
	if f.broken {
		s.Close(websocket.StatusInternalError, "")
	}
	return f.message == nil
}

// lazyFrame is a frame that is made when the first member wants it, once a node.
type lazyFrame struct {
	once  sync.Once
	frame *frame
}

// frameOf returns the frame of e.
func (h *Hub) frameOf(e *entry) *frame {
	e.frame.once.Do(func() { e.frame.frame = h.encode(e.event()) })
	return e.frame.frame
}

// at returns the frame that tells a session its place, and nothing else.
func (h *Hub) at(p Position) *frame { return h.encode(Event{At: p.String()}) }

// encode makes the frame of ev.
func (h *Hub) encode(ev Event) (f *frame) {
	f = &frame{broken: true}
	defer func() {
		if v := recover(); v != nil {
			h.logger().Error("hub: Encode panicked", "panic", fmt.Sprint(v), slog.String("stack", string(debug.Stack())))
		}
	}()
	typ, p := websocket.MessageText, []byte(nil)
	if h.Encode != nil {
		typ, p = h.Encode(ev)
	} else {
		p = encodeJSON(ev)
	}
	if f.broken = false; len(p) > 0 {
		f.message = wsecho.Prepare(typ, p)
	}
	return f
}

// event is what a session is told of e.
func (e *entry) event() Event { return Event{At: e.Position.String(), Message: &e.Message} }
