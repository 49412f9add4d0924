package wsnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsnet"
)

const binary = websocket.MessageBinary

// pair is a session from both ends.
type pair struct {
	h      *wsecho.Handler
	client *websocket.Conn
	link   *wsechotest.Link
	conn   net.Conn
}

// connect opens a session and accepts it.
func connect(t *testing.T) *pair {
	t.Helper()
	p := &pair{h: &wsecho.Handler{}}
	l := wsnet.NewListener(p.h, binary)
	p.client, p.link = wsechotest.DialLink(t, p.h, "/", nil)
	p.client.SetReadLimit(-1)
	var err error
	if p.conn, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return p
}

// say sends one message from the client.
func (p *pair) say(t *testing.T, message string) {
	t.Helper()
	if err := p.client.Write(t.Context(), binary, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

// Messages are a stream: of any length, read in any pieces.
func TestStream(t *testing.T) {
	p := connect(t)
	want := strings.Repeat("0123456789", 30_000)
	go func() {
		for i := 0; i < len(want); i += 12_345 {
			p.client.Write(t.Context(), binary, []byte(want[i:min(i+12_345, len(want))]))
			p.client.Write(t.Context(), binary, nil) // an empty message is not the end
		}
		p.client.Close(websocket.StatusNormalClosure, "")
	}()
	got, err := io.ReadAll(io.MultiReader(io.LimitReader(p.conn, 7), p.conn))
	if err != nil || string(got) != want {
		t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
	}
}

// Each Write is one message.
func TestWrite(t *testing.T) {
	p := connect(t)
	for _, m := range []string{"one", "", "two"} {
		if n, err := p.conn.Write([]byte(m)); n != len(m) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	for _, want := range []string{"one", "two"} {
		if got := wsechotest.ReadWithin(t, p.client, time.Minute); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Each row is how a session ends, and what a Read that waits and one that comes after it return.
func TestReadError(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(p *pair)
		want error // errors.Is
		not  error // not errors.Is
	}{
		"the peer's 1000":      {func(p *pair) { p.client.Close(1000, "done") }, io.EOF, nil},
		"the peer's 1001":      {func(p *pair) { p.client.Close(1001, "") }, io.EOF, nil},
		"the peer's, no code":  {func(p *pair) { p.client.Close(1005, "") }, io.EOF, nil},
		"the peer's 1008":      {func(p *pair) { p.client.Close(1008, "no") }, websocket.CloseError{Code: 1008, Reason: "no"}, io.EOF},
		"a lost connection":    {func(p *pair) { p.link.CutAfter(0) }, io.ErrUnexpectedEOF, io.EOF},
		"a peer that vanished": {func(p *pair) { p.link.Vanish() }, wsecho.ErrPongTimeout, io.EOF},
		"a shutdown":           {func(p *pair) { p.h.Shutdown(context.Background()) }, wsecho.ErrShutdown, io.EOF},
		"its own Close":        {func(p *pair) { p.conn.Close() }, net.ErrClosed, io.EOF},
		"a deadline":           {func(p *pair) { p.conn.SetDeadline(time.Now().Add(time.Second)) }, os.ErrDeadlineExceeded, io.EOF},
		"a message of the other type": {func(p *pair) { p.client.Write(context.Background(), websocket.MessageText, nil) },
			websocket.CloseError{Code: 1003, Reason: "not a message of the type spoken here"}, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := connect(t)
				got := make(chan error, 1)
				go func() { _, err := p.conn.Read(make([]byte, 1)); got <- err }()
				synctest.Wait()
				go p.client.Read(context.Background()) // answers a close frame
				row.end(p)
				first := <-got
				_, second := p.conn.Read(make([]byte, 1))
				for _, err := range []error{first, second} {
					if !errors.Is(err, row.want) || row.not != nil && errors.Is(err, row.not) {
						t.Errorf("%v", err)
					}
				}
				if row.want != os.ErrDeadlineExceeded {
					time.Sleep(10 * time.Second)
					if _, err := p.conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
						t.Errorf("Write: %v", err)
					}
				}
			})
		})
	}
}

// What the peer sent before it closed is read first.
func TestReadsToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connect(t)
		p.say(t, "last words")
		go p.client.Close(websocket.StatusNormalClosure, "")
		time.Sleep(time.Second)
		if got, err := io.ReadAll(p.conn); string(got) != "last words" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// A reader that takes its time holds the peer up; what it has not read is no more once the connection is closed.
func TestBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connect(t)
		var sent atomic.Int32
		go func() {
			for sent.Load() < 40 && p.client.Write(context.Background(), binary, make([]byte, 32<<10)) == nil {
				sent.Add(1)
			}
			p.client.Read(context.Background()) // answers the close frame
		}()
		synctest.Wait()
		if p.conn.Read(make([]byte, 1)); sent.Load() > 4 {
			t.Errorf("%d messages of 32 KiB have left", sent.Load())
		}
		time.Sleep(time.Minute) // longer than any ping: the session is not for dead
		if n, err := io.CopyN(io.Discard, p.conn, 1<<20); err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		p.conn.Close()
		if n, err := p.conn.Read(make([]byte, 1)); n != 0 || err != net.ErrClosed {
			t.Errorf("%d, %v", n, err)
		}
		if err := p.h.Shutdown(t.Context()); err != nil { // the hook has returned
			t.Error(err)
		}
	})
}

// Close is 1000, after what was written; it may come more than once.
func TestClose(t *testing.T) {
	p := connect(t)
	p.conn.Write([]byte("bye"))
	for range 2 {
		if err := p.conn.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := wsechotest.ReadWithin(t, p.client, time.Minute); got != "bye" {
		t.Errorf("%q", got)
	}
	if _, _, err := p.client.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Error(err)
	}
	for _, err := range []error{p.conn.SetDeadline(time.Now()), p.conn.SetReadDeadline(time.Time{}), p.conn.SetWriteDeadline(time.Time{})} {
		if err != net.ErrClosed {
			t.Errorf("a deadline: %v", err)
		}
	}
}

// A Write that waits gives up at its deadline, wherever that is moved meanwhile, and has sent nothing.
func TestWriteDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connect(t)
		p.link.StopReading()
		p.conn.SetWriteDeadline(time.Now().Add(time.Second))
		begin, n := time.Now(), 0
		var err error
		time.AfterFunc(500*time.Millisecond, func() { p.conn.SetWriteDeadline(begin.Add(3 * time.Second)) })
		for ; err == nil; n++ {
			_, err = p.conn.Write(make([]byte, 100<<10))
		}
		if err != os.ErrDeadlineExceeded || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		p.link.Restore()
		p.conn.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := p.conn.Write([]byte("on we go")); err != nil {
			t.Error(err)
		}
		for range n - 1 {
			if got := wsechotest.ReadWithin(t, p.client, time.Second); len(got) != 100<<10 {
				t.Errorf("%d bytes", len(got))
			}
		}
		if got := wsechotest.ReadWithin(t, p.client, time.Second); got != "on we go" {
			t.Errorf("%q", got)
		}
	})
}

// RemoteAddr is what a middleware made of r.RemoteAddr.
func TestAddr(t *testing.T) {
	for remote, want := range map[string]net.Addr{
		"198.51.100.7:4711":  &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 4711},
		"[2001:db8::1]:4711": &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 4711},
		"198.51.100.7":       nil, // as chi's RealIP has it
		"@":                  nil, // a Unix socket's
	} {
		h := &wsecho.Handler{}
		l := wsnet.NewListener(h, binary)
		wsechotest.Dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.RemoteAddr = remote
			h.ServeHTTP(w, r)
		}), "/", nil)
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.RemoteAddr().(*net.TCPAddr); c.RemoteAddr().String() != remote || ok != (want != nil) {
			t.Errorf("%T %v, want %v", c.RemoteAddr(), c.RemoteAddr(), remote)
		}
		if c.LocalAddr().String() != "192.0.2.2:80" {
			t.Errorf("LocalAddr %v", c.LocalAddr())
		}
		if a := l.Addr(); a.Network() != "websocket" || a.String() != "websocket" {
			t.Errorf("Addr %v", a)
		}
	}
}
