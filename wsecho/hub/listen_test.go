package hub_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest"
)

// heard collects what a function of Listen gets.
type heard struct {
	mu  sync.Mutex
	all []string
}

func (l *heard) f(m hub.Message) {
	if string(m.Data) == "0" {
		panic("no")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(m.Data))
}

func (l *heard) String() string {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, " ")
}

// records is what a Hub logs.
type records struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *records) has(s string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(r.b.String(), s)
}

func logTo(r *records) *slog.Logger { return slog.New(slog.NewTextHandler(r, nil)) }

// A function of Listen hears its topic from now on, in order, until it is stopped, and survives its own panics.
func TestListen(t *testing.T) {
	in(t, func(t *testing.T) {
		var logged records
		h := &hub.Hub{Logger: logTo(&logged)}
		defer h.Close()
		say(t, h, "a", "1")
		var l heard
		stop := h.Listen("a", l.f)
		say(t, h, "a", "2", "0")
		say(t, h, "b", "3")
		say(t, h, "a", "4")
		if l.String() != "2 4" || !logged.has("a function of Listen panicked") {
			t.Error(l.String())
		}
		stop()
		say(t, h, "a", "5")
		if l.String() != "2 4" {
			t.Error(l.String())
		}
	})
}

// A Listen goes on after the log has begun anew, and says when it may have missed something.
func TestListenAnew(t *testing.T) {
	in(t, func(t *testing.T) {
		var logged records
		h := &hub.Hub{Logger: logTo(&logged), MaxBytes: 2000}
		tail := feed(t, h)
		var l heard
		hold := make(chan struct{})
		h.Listen("a", func(m hub.Message) { l.f(m); <-hold })
		at := func(seq uint64, data string) hub.Entry {
			e := entry(seq)
			e.Data = []byte(data)
			return e
		}
		tail.Start(place(10))
		tail.Append(at(11, "11"))
		tail.Synced(11)
		synctest.Wait()
		tail.Append(at(12, "12")) // the first since it was ready
		synctest.Wait()
		for seq := uint64(13); seq < 30; seq++ {
			tail.Append(at(seq, "x"))
		}
		tail.Append(at(30, "30"))
		close(hold)
		if s := l.String(); !strings.HasPrefix(s, "12 x") || !strings.HasSuffix(s, "x 30") || !logged.has("misses messages") {
			t.Error(s)
		}
		l.all = nil
		tail.Start(place(5))
		tail.Append(at(6, "6"))
		if l.String() != "6" {
			t.Error(l.String())
		}
	})
}

// Encode makes the frames, once for each message; no bytes are no frame, and a panic ends those who were to get one.
func TestEncode(t *testing.T) {
	in(t, func(t *testing.T) {
		var logged records
		calls := 0
		h := &hub.Hub{Logger: logTo(&logged), Encode: func(ev hub.Event) (websocket.MessageType, []byte) {
			switch {
			case ev.Message == nil:
				return websocket.MessageText, nil
			case string(ev.Message.Data) == "silence":
				return 0, nil
			case string(ev.Message.Data) == "panic":
				panic("no")
			}
			calls++
			return websocket.MessageBinary, append([]byte("> "), ev.Message.Data...)
		}}
		defer h.Close()
		sv := service(h, nil)
		var all []*websocket.Conn
		for range 5 {
			all = append(all, wsechotest.Dial(t, sv, "/?topic=a", &websocket.DialOptions{}))
		}
		synctest.Wait()
		say(t, h, "a", "silence", "\xff")
		for _, c := range all {
			if typ, p, err := c.Read(t.Context()); typ != websocket.MessageBinary || string(p) != "> \xff" {
				t.Errorf("%v %q %v", typ, p, err)
			}
		}
		synctest.Wait()
		if calls != 1 {
			t.Errorf("%d calls for one message", calls)
		}
		say(t, h, "a", "panic")
		for _, c := range all {
			if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusInternalError {
				t.Error(err)
			}
		}
		if !logged.has("Encode panicked") {
			t.Error("it is not logged")
		}
	})
}

// unsteady is a Log whose Follow fails twice.
type unsteady struct {
	hub.Log
	calls int
}

func (u *unsteady) Follow(ctx context.Context, tail *hub.Tail) error {
	if u.calls++; u.calls < 3 {
		return errors.New("out of order")
	}
	tail.Start(place(1))
	tail.Synced(1)
	<-ctx.Done()
	return ctx.Err()
}

// A Follow that returns is called again, a second later.
func TestFollowAgain(t *testing.T) {
	in(t, func(t *testing.T) {
		var logged records
		u := &unsteady{}
		h := &hub.Hub{Log: u, Logger: logTo(&logged)}
		defer h.Close()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := h.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := h.Ready(t.Context()); err != nil || time.Since(began) != 2*time.Second || !logged.has("out of order") {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// Data that another program has put into the log, and that is no JSON, reaches nobody.
func TestForeignData(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		tail := feed(t, h)
		tail.Start(place(1))
		tail.Synced(1)
		c, _ := dial(t, service(h, nil), "", "a")
		for seq, data := range []string{"{", "\"\xff\"", "1"} {
			e := entry(uint64(seq + 2))
			e.Data = []byte(data)
			tail.Append(e)
		}
		c.wants("1")
	})
}
