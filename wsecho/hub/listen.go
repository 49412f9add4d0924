package hub

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Listen calls f, in order, with what is published in topic from now on, on this node: for what nodes tell each
// other, such as that a user's sessions are to end everywhere. f should not wait: it holds up nobody but itself, but
// misses what falls out of the window meanwhile, which is logged. It must not change the Message, and one that panics is
// logged. stop ends it, and does not wait for a call under way; Close does.
func (h *Hub) Listen(topic string, f func(Message)) (stop func()) {
	h.start()
	ctx, cancel := context.WithCancel(h.ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return cancel
	}
	l := &listener{hub: h, topic: topic, f: f}
	x := h.tail.extent()
	l.begin(x.last.Seq, x)
	w := h.tail.watch() // before Listen returns: what is published next wakes it
	h.ended.Go(func() {
		defer h.tail.unwatch(w)
		for ctx.Err() == nil {
			l.hear(ctx)
			select {
			case <-w:
			case <-ctx.Done():
			}
		}
	})
	return cancel
}

// listener is one call of Listen. Its fields are its goroutine's.
type listener struct {
	hub   *Hub
	topic string
	f     func(Message)
	seq   uint64 // the number of the last entry it has looked at
	epoch uint64 // of the Tail to which seq belongs
	ready bool   // the Tail was when it began
}

// begin lets it go on behind seq in the Tail as it is now.
func (l *listener) begin(seq uint64, x extent) { l.seq, l.epoch, l.ready = seq, x.epoch, x.ready }

// hear calls f with what there is.
func (l *listener) hear(ctx context.Context) {
	es, x, whole := l.hub.tail.following(l.topic, l.epoch, l.seq)
	if !l.ready { // what is there was published earlier
		l.begin(x.last.Seq, x)
		return
	}
	if !whole {
		l.hub.logger().Warn("hub: a function of Listen is so slow that it may miss messages", "topic", l.topic)
	}
	for _, e := range es {
		if ctx.Err() != nil {
			return
		}
		l.call(e.Message)
	}
	l.begin(x.last.Seq, x)
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
