package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest"
)

// Each step of one life, and what has changed in the counters.
func TestStatsCount(t *testing.T) {
	for name, mode := range map[string]websocket.CompressionMode{"plain": 0, "compressed": websocket.CompressionContextTakeover} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &wsecho.Handler{Compression: mode, MaxSessions: 2, WriteLimit: -1, PingInterval: -1, WriteTimeout: -1}
				opts := &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}, CompressionMode: mode}
				want := wsecho.Stats{Refused: map[string]uint64{}, Ended: map[string]uint64{}}
				check := func(step string, change func()) {
					t.Helper()
					synctest.Wait()
					change()
					got := h.Stats()
					if got.Queued < 0 || got.Queued > 0 != (want.Queued > 0) {
						t.Errorf("%s: queued %d", step, got.Queued)
					}
					want.Queued = got.Queued
					if fmt.Sprint(got) != fmt.Sprint(want) {
						t.Fatalf("%s:\n%+v, want\n%+v", step, got, want)
					}
				}
				check("new", func() {})
				a := wsechotest.Dial(t, h, "/", opts)
				check("one opens", func() { want.Open, want.Opened = 1, 1 })
				b := wsechotest.Dial(t, h, "/", opts)
				check("another opens", func() { want.Open, want.Opened = 2, 2 })
				wsechotest.Refused(t, h, "/", opts)
				check("a third is refused", func() { want.Refused["capacity"] = 1 })
				wsechotest.Refused(t, h, "/", &websocket.DialOptions{})
				wsechotest.Refused(t, h, "/", &websocket.DialOptions{})
				check("so are two that offer nothing", func() { want.Refused["subprotocol"] = 2 })

				long := []byte(strings.Repeat("compressible ", 1000)) // 13,000 bytes
				a.Write(t.Context(), text, long)
				a.Read(t.Context())
				b.Write(t.Context(), websocket.MessageBinary, nil)
				b.Read(t.Context())
				check("two echoes", func() {
					want.MessagesIn, want.MessagesOut, want.BytesIn, want.BytesOut = 2, 2, 13_000, 13_000
				})
				go a.Ping(t.Context())
				a.CloseRead(t.Context())
				check("a ping is no message", func() {})

				incompressible := make([]byte, 500_000)
				for i := range incompressible {
					incompressible[i] = byte(rand.Uint32())
				}
				b.Write(t.Context(), websocket.MessageBinary, incompressible)
				check("an echo that is not read", func() {
					want.MessagesIn, want.MessagesOut, want.Queued = 3, 3, 1
					want.BytesIn, want.BytesOut = 513_000, 513_000
				})
				b.Read(t.Context())
				check("it is read", func() { want.Queued = 0 })

				for s := range h.Sessions() {
					s.Close(4000, "")
					if err := s.TryWrite(text, []byte("late")); err == nil {
						t.Error("TryWrite after Close")
					}
				}
				b.Read(t.Context())
				check("both are closed", func() { want.Open, want.Ended["closed"] = 0, 2 })
				h.Close()
				wsechotest.Refused(t, h, "/", opts)
				check("after Close", func() { want.Refused["shutdown"] = 1 })
			})
		})
	}
	t.Run("a snapshot is the caller's", func(t *testing.T) {
		h := &wsecho.Handler{}
		wsechotest.Refused(t, h, "/", &websocket.DialOptions{})
		st := h.Stats()
		st.Refused["subprotocol"], st.Ended["peer"] = 100, 100
		if now := h.Stats(); now.Refused["subprotocol"] != 1 || len(now.Ended) != 0 {
			t.Errorf("%+v", now)
		}
	})
}

// While hundreds of sessions open, talk and end in every way at once, every snapshot adds up, and in
// the end nothing is lost.
func TestStatsAddUp(t *testing.T) {
	const sessions = 300
	var in, out, bytesIn, bytesOut atomic.Uint64
	h := &wsecho.Handler{Logger: new(sessiontest.Log).Logger()}
	h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		in.Add(1)
		bytesIn.Add(uint64(len(p)))
		if s.Write(ctx, typ, p) == nil {
			out.Add(1)
			bytesOut.Add(uint64(len(p)))
		}
		switch rand.IntN(20) {
		case 0:
			return errSecret
		case 1:
			panic(errSecret)
		case 2:
			s.Close(4000, "")
		case 3:
			return websocket.CloseError{Code: 4001}
		}
		return nil
	}
	e := serve(t, h)
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for last := (wsecho.Stats{}); ; {
			st := h.Stats()
			if st.Opened != uint64(st.Open)+total(st.Ended) {
				t.Errorf("%d opened, %d open, %v ended", st.Opened, st.Open, st.Ended)
			}
			if st.MessagesIn < last.MessagesIn || st.MessagesOut < last.MessagesOut || st.BytesIn < last.BytesIn || st.BytesOut < last.BytesOut || st.Opened < last.Opened {
				t.Errorf("%+v, and before\n%+v", st, last)
			}
			last = st
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for range sessions / 20 {
				p := e.open(t)
				for i := range rand.IntN(30) {
					if p.Send(peer.Text(strings.Repeat("m", i*worker))) != nil {
						break
					}
					p.Next()
				}
				switch rand.IntN(3) {
				case 0:
					p.Send(peer.Close(1000, ""))
				case 1:
					p.Reset()
				}
				p.Close()
			}
		})
	}
	wg.Wait()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	close(done)
	watcher.Wait()
	got, want := h.Stats(), wsecho.Stats{Opened: sessions, Refused: map[string]uint64{}, MessagesIn: in.Load(), MessagesOut: out.Load(), BytesIn: bytesIn.Load(), BytesOut: bytesOut.Load()}
	if total(got.Ended) != sessions {
		t.Errorf("ended %v", got.Ended)
	}
	if got.Ended = nil; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want\n%+v", got, want)
	}
}

// records is a slog.Handler that keeps what it gets.
type records struct {
	mu  sync.Mutex
	all []record
}

type record struct {
	level   slog.Level
	message string
	attrs   map[string]slog.Value
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler       { panic("not used") }
func (r *records) WithGroup(string) slog.Handler            { panic("not used") }

func (r *records) Handle(_ context.Context, in slog.Record) error {
	rec := record{in.Level, in.Message, map[string]slog.Value{}}
	in.Attrs(func(a slog.Attr) bool { rec.attrs[a.Key] = a.Value; return true })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, rec)
	return nil
}

// One record for each session that ends, its level by the cause.
func TestEndIsLogged(t *testing.T) {
	raw := func(b []byte) func(*sessiontest.Both) { return func(b2 *sessiontest.Both) { b2.Send(b) } }
	hook := func(f func(s *wsecho.Session) error) *wsecho.Handler {
		return &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			if err := s.Write(ctx, typ, append(p, p...)); err != nil {
				return err
			}
			return f(s)
		}}
	}
	for _, c := range []struct {
		cause string
		level slog.Level
		code  int64
		h     *wsecho.Handler
		do    func(b *sessiontest.Both)
	}{
		{"peer", slog.LevelDebug, 4007, nil, raw(peer.Close(4007, "bye"))},
		{"lost", slog.LevelDebug, 0, nil, func(b *sessiontest.Both) { b.Peer.Close() }},
		{"closed", slog.LevelDebug, 4000, nil, func(b *sessiontest.Both) { b.Session.Close(4000, "why") }},
		{"shutdown", slog.LevelDebug, 1001, nil, func(b *sessiontest.Both) { go b.Handler.Shutdown(context.Background()) }},
		{"hook", slog.LevelDebug, 4001, hook(func(*wsecho.Session) error { return websocket.CloseError{Code: 4001} }), raw(peer.Text("now"))},
		{"error", slog.LevelError, 1011, hook(func(*wsecho.Session) error { return errSecret }), raw(peer.Text("now"))},
		{"panic", slog.LevelError, 1011, hook(func(*wsecho.Session) error { panic(errSecret) }), raw(peer.Text("now"))},
		{"protocol", slog.LevelWarn, 1002, nil, raw([]byte{0xff, 0xff})},
		{"invalid", slog.LevelWarn, 1007, nil, raw(peer.Text("\xff"))},
		{"too_big", slog.LevelWarn, 1009, nil, raw(peer.Frame{First: peer.Fin | peer.OpText, Declared: 1 << 30}.Bytes())},
		{"pong_timeout", slog.LevelInfo, 1011, nil, func(b *sessiontest.Both) { b.Peer.Mute = true }},
		{"write_timeout", slog.LevelInfo, 0, nil, func(b *sessiontest.Both) { b.Session.TryWrite(text, make([]byte, 100_000)) }},
	} {
		t.Run(c.cause, func(t *testing.T) {
			logged := new(records)
			h := c.h
			if h == nil {
				h = &wsecho.Handler{}
			}
			h.Logger = slog.New(logged)
			bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
				begin := time.Now()
				time.Sleep(7 * time.Second)
				c.do(b)
				if c.cause != "write_timeout" {
					b.Peer.Rest()
				}
				err := <-b.Ended
				lasted := time.Since(begin)
				b.Peer.Close()
				synctest.Wait()
				if len(logged.all) != 1 {
					t.Fatalf("%d records: %v", len(logged.all), logged.all)
				}
				r, st := logged.all[0], b.Handler.Stats()
				if r.level != c.level || r.message != "wsecho: session ended" {
					t.Errorf("%v %q", r.level, r.message)
				}
				for key, want := range map[string]any{
					"cause": c.cause, "code": c.code, "err": err, "duration": lasted, "remote": b.Session.RemoteAddr(),
					"messages_in": st.MessagesIn, "messages_out": st.MessagesOut, "bytes_in": st.BytesIn, "bytes_out": st.BytesOut,
				} {
					if got := r.attrs[key].Any(); got != want {
						t.Errorf("%s is %v, want %v", key, got, want)
					}
				}
				if c.h != nil && (st.MessagesIn != 1 || st.BytesIn != 3 || st.BytesOut != 6) {
					t.Errorf("%+v", st)
				}
				var p *wsecho.PanicError
				if stack := r.attrs["stack"]; errors.As(err, &p) != strings.Contains(stack.String(), "stats_test.go") {
					t.Errorf("the stack is %q", stack)
				}
			})
		})
	}
}

// A session whose OnOpen fails has its record too, and so has one that opens as Shutdown begins.
func TestEndInOnOpenIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logged := new(records)
		h := &wsecho.Handler{Logger: slog.New(logged), OnOpen: func(*wsecho.Session, *http.Request) error { return errSecret }}
		c := wsechotest.Dial(t, h, "/", nil)
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusInternalError {
			t.Error(err)
		}
		synctest.Wait()
		if len(logged.all) != 1 || logged.all[0].level != slog.LevelError || logged.all[0].attrs["err"].Any() != errSecret {
			t.Errorf("%v", logged.all)
		}
	})
}

// A logger that takes no debug records gets none of the normal ends.
func TestNormalEndsAreDebug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log sessiontest.Log
		h := &wsecho.Handler{Logger: slog.New(slog.NewTextHandler(&log, nil))}
		wsechotest.Dial(t, h, "/", nil).Close(1000, "")
		wsechotest.Dial(t, h, "/", nil).CloseNow()
		h.Shutdown(t.Context())
		if log.String() != "" {
			t.Errorf("logged: %s", log.String())
		}
	})
}

// One record for each refusal; the one that is the service's own fault is an error and names the
// writer to blame.
func TestRefusalIsLogged(t *testing.T) {
	logged := new(records)
	h := &wsecho.Handler{Logger: slog.New(logged)}
	wsechotest.Refused(t, h, "/", &websocket.DialOptions{})
	wsechotest.Refused(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	}), "/", nil)
	h.Close()
	wsechotest.Refused(t, h, "/", nil)

	var got []string
	for _, r := range logged.all {
		got = append(got, fmt.Sprint(r.level, " ", r.message, " ", r.attrs["check"], " ", r.attrs["status"], " ", r.attrs["remote"], " ", slices.Sorted(maps.Keys(r.attrs))))
	}
	if want := []string{
		"INFO wsecho: handshake refused subprotocol 400 192.0.2.1:1234 [check remote status]",
		"ERROR wsecho: handshake refused hijack 501 192.0.2.1:1234 [check err remote status]",
		"INFO wsecho: handshake refused shutdown 503 192.0.2.1:1234 [check remote status]",
	}; !slices.Equal(got, want) {
		t.Errorf("%q, want\n%q", got, want)
	}
	if err := fmt.Sprint(logged.all[1].attrs["err"]); !strings.Contains(err, "struct { http.ResponseWriter }") {
		t.Errorf("the record does not name the writer: %s", err)
	}
}

// Nil is slog.Default, at the time of the record.
func TestNilLogger(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	h := &wsecho.Handler{}
	for _, check := range []string{"upgrade", "shutdown"} {
		var log sessiontest.Log
		slog.SetDefault(log.Logger())
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		if !log.Has("handshake refused", "check="+check) {
			t.Errorf("logged: %s", &log)
		}
		h.Close()
	}
}
