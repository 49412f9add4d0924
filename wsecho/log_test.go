package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsechotest/child"
)

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
	for i, c := range []struct {
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
		{"error", slog.LevelError, 1011, hook(func(*wsecho.Session) error { runtime.Goexit(); return nil }), raw(peer.Text("now"))},
		{"protocol", slog.LevelWarn, 1002, nil, raw([]byte{0xff, 0xff})},
		{"invalid", slog.LevelWarn, 1007, nil, raw(peer.Text("\xff"))},
		{"too_big", slog.LevelWarn, 1009, nil, raw(peer.Frame{First: peer.Fin | peer.OpText, Declared: 1 << 30}.Bytes())},
		{"pong_timeout", slog.LevelInfo, 1011, nil, func(b *sessiontest.Both) { b.Peer.Mute = true }},
		{"write_timeout", slog.LevelInfo, 0, nil, func(b *sessiontest.Both) { b.Session.TryWrite(text, make([]byte, 100_000)) }},
	} {
		t.Run(fmt.Sprint(i, " ", c.cause), func(t *testing.T) {
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
				var reading sync.WaitGroup
				if c.cause != "write_timeout" {
					reading.Go(func() { b.Peer.Rest() })
				}
				err := <-b.Ended
				lasted := time.Since(begin)
				b.Peer.Close()
				reading.Wait()
				synctest.Wait()
				if len(logged.all) != 1 {
					t.Fatalf("%d records: %v", len(logged.all), logged.all)
				}
				r, st := logged.all[0], b.Handler.Stats()
				if r.level != c.level || r.message != "wsecho: session ended" {
					t.Errorf("%v %q", r.level, r.message)
				}
				for key, want := range map[string]any{
					"cause": c.cause, "code": c.code, "err": errors.Unwrap(err), "duration": lasted, "remote": b.Session.RemoteAddr(),
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
				if stack := r.attrs["stack"]; errors.As(err, &p) != strings.Contains(stack.String(), "log_test.go") {
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
		"INFO wsecho: handshake refused subprotocol 400 192.0.2.1:1234 [check host origin path remote status subprotocols]",
		"ERROR wsecho: handshake refused hijack 501 192.0.2.1:1234 [check err host origin path remote status subprotocols]",
		"INFO wsecho: handshake refused shutdown 503 192.0.2.1:1234 [check host origin path remote status subprotocols]",
	}; !slices.Equal(got, want) {
		t.Errorf("%q, want\n%q", got, want)
	}
	if err := fmt.Sprint(logged.all[1].attrs["err"]); !strings.Contains(err, "struct { http.ResponseWriter }") {
		t.Errorf("the record does not name the writer: %s", err)
	}
}

// Nil is slog.Default, at the time of the record.
func TestNilLogger(t *testing.T) {
	if !child.Alone(t) {
		return
	}
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

// A Logger that panics costs no session and no refusal anything but the record, and stderr says so once.
func TestLoggerPanics(t *testing.T) {
	if !child.Alone(t) {
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stderr := os.Stderr
	os.Stderr = w
	defer func() {
		os.Stderr = stderr
		w.Close()
		const want = "wsecho: the Logger panicked, records are lost: the log is full\n"
		if got, err := io.ReadAll(r); string(got) != want || err != nil {
			t.Errorf("stderr has %q, %v, want %q", got, err, want)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{Logger: slog.New(&panicking{}), OriginPatterns: []string{"["}}
		c, other := wsechotest.Dial(t, h, "/", nil), wsechotest.Dial(t, h, "/", nil)
		c.Close(1000, "")
		synctest.Wait()
		if st := h.Stats(); st.Open != 1 || st.Ended["peer"] != 1 {
			t.Errorf("%+v", st)
		}
		if res := wsechotest.Refused(t, h, "/", &websocket.DialOptions{}); res.StatusCode != 400 {
			t.Error(res.Status)
		}
		if err := other.Write(t.Context(), text, []byte("m")); err != nil {
			t.Error(err)
		}
		if _, p, err := other.Read(t.Context()); string(p) != "m" {
			t.Errorf("%q, %v", p, err)
		}
	})
}

type panicking struct{ records }

func (*panicking) Handle(context.Context, slog.Record) error { panic("the log is full") }
