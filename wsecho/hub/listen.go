package hub

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Listen calls f, in order, with what is published in topic from now on, on this node: for what nodes tell each
// other, such as that a user's sessions are to end everywhere. f should not wait: it holds up nobody but itself, but
// misses what falls out of the window meanwhile, which is logged. It must not change the Message; where it panics, that
// is logged. stop ends it, and does not wait for a call under way; Close does, so f must not call it.
func (h *Hub) Listen(topic string, f func(Message)) (stop func()) {
	h.start()
	ctx, cancel := context.WithCancel(h.ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return cancel
	}
	l := &listener{hub: h, topic: topic, f: f}
	r := h.tail.listen(topic) // before Listen returns: what is published next is for it
	h.ended.Go(func() {
		defer h.tail.unlisten(r)
		for {
			select {
			case <-r.token:
				l.hear(ctx, r)
			case <-ctx.Done():
				return
			}
		}
	})
	return cancel
}

// listener is one call of Listen.
type listener struct {
	hub   *Hub
	topic string
	f     func(Message)
}

// hear calls f with what r has noticed.
func (l *listener) hear(ctx context.Context, r *ear) {
	es, whole := l.hub.tail.heard(r)
	if !whole {
		l.hub.logger().Warn("hub: a function of Listen is so slow that it misses messages", "topic", l.topic)
	}
	for _, e := range es {
		if ctx.Err() != nil {
			return
		}
		l.call(e.Message)
	}
}

// call calls f.
func (l *listener) call(m Message) {
	defer func() {
		if v := recover(); v != nil {
			l.hub.logger().Error("hub: a function of Listen panicked", "topic", l.topic, "panic", fmt.Sprint(v),
				slog.String("stack", string(debug.Stack())))
		}
	}()
	l.f(m)
}
