package wsechotest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// Each row is what is done to a pipe, and what a blocked read or write then returns.
func TestPipe(t *testing.T) {
	full := make([]byte, streamSize)
	read := func(c *conn) (int, error) { return c.Read(make([]byte, 10)) }
	write := func(c *conn) (int, error) { return c.Write(append(full, "over"...)) }
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	for name, row := range map[string]struct {
		blocked func(c *conn) (int, error) // at the client's end
		do      func(client, server *conn)
		after   time.Duration
		n       int
		err     error
	}{
		"bytes come":             {read, func(_, s *conn) { s.Write([]byte("hello")) }, 0, 5, nil},
		"the other end closes":   {read, func(_, s *conn) { s.Close() }, 0, 0, io.EOF},
		"the other side is shut": {read, func(_, s *conn) { s.CloseWrite() }, 0, 0, io.EOF},
		"its own end closes":     {read, func(c, _ *conn) { c.Close() }, 0, 0, net.ErrClosed},
		"a deadline":             {read, func(c, _ *conn) { c.SetReadDeadline(in(time.Hour)) }, time.Hour, 0, os.ErrDeadlineExceeded},
		"a past deadline":        {read, func(c, _ *conn) { c.SetDeadline(time.Unix(1, 0)) }, 0, 0, os.ErrDeadlineExceeded},
		"an earlier deadline": {read, func(c, _ *conn) {
			c.SetReadDeadline(in(time.Hour))
			c.SetDeadline(in(time.Minute))
		}, time.Minute, 0, os.ErrDeadlineExceeded},
		"a deadline taken back": {read, func(c, s *conn) {
			c.SetReadDeadline(in(time.Minute))
			c.SetReadDeadline(time.Time{})
			time.AfterFunc(time.Hour, func() { s.Write([]byte("x")) })
		}, time.Hour, 1, nil},
		"room":               {write, func(_, s *conn) { io.CopyN(io.Discard, s, 4) }, 0, streamSize + 4, nil},
		"a write's deadline": {write, func(c, _ *conn) { c.SetWriteDeadline(in(time.Hour)) }, time.Hour, streamSize, os.ErrDeadlineExceeded},
		"the reader closes":  {write, func(_, s *conn) { s.Close() }, 0, streamSize, io.ErrClosedPipe},
		"the writer closes":  {write, func(c, _ *conn) { c.Close() }, 0, streamSize, net.ErrClosed},
		"a cut":              {read, func(c, s *conn) { c.in.link.CutAfter(0) }, 0, 0, io.EOF},
		"a cut after a byte": {read, func(c, s *conn) {
			s.in.link.CutAfter(1)
			c.Write([]byte("xyz"))
		}, 0, 0, io.EOF},
		"a cut while it writes": {write, func(c, _ *conn) { c.in.link.CutAfter(0) }, 0, streamSize, io.ErrClosedPipe},
		"a link that comes back": {read, func(c, s *conn) {
			c.in.link.Vanish()
			s.Write([]byte("hello"))
			s.Close()
			time.AfterFunc(time.Hour, c.in.link.Restore)
		}, time.Hour, 5, nil},
		"a close over a link that comes back": {read, func(c, s *conn) {
			c.in.link.Vanish()
			s.Close()
			time.AfterFunc(time.Hour, c.in.link.Restore)
		}, time.Hour, 0, io.EOF},
		"a reader that has vanished": {write, func(c, s *conn) {
			c.in.link.Vanish()
			s.Close()
			c.SetWriteDeadline(in(time.Hour))
		}, time.Hour, streamSize, os.ErrDeadlineExceeded},
		"a deadline while stopped": {read, func(c, s *conn) {
			c.in.link.StopReading()
			s.Write([]byte("hello"))
			c.SetReadDeadline(in(time.Minute))
		}, time.Minute, 0, os.ErrDeadlineExceeded},
		"a close of its own while vanished": {read, func(c, _ *conn) {
			c.in.link.Vanish()
			c.Close()
		}, 0, 0, net.ErrClosed},
		"the writer shuts its side": {write, func(c, _ *conn) { c.CloseWrite() }, 0, streamSize, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server, _ := pipe()
				type result struct {
					n   int
					err error
				}
				got := make(chan result, 1)
				go func() {
					n, err := row.blocked(client)
					got <- result{n, err}
				}()
				synctest.Wait()
				if len(got) > 0 {
					t.Fatal("it did not block")
				}
				begin := time.Now()
				row.do(client, server)
				if r := <-got; r.n != row.n || !errors.Is(r.err, row.err) || time.Since(begin) != row.after {
					t.Errorf("%d, %v after %v", r.n, r.err, time.Since(begin))
				}
			})
		})
	}
}

// A rate is kept to the byte, and evenly.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, link := pipe()
		link.Slow(1000)
		client.Write(make([]byte, 10_000))
		begin := time.Now()
		for n := 0; n < 10_000; {
			got, err := server.Read(make([]byte, streamSize))
			if err != nil || got > 100 || time.Since(begin) != time.Duration(n)*time.Millisecond {
				t.Fatalf("%d bytes after %d and %v, %v", got, n, time.Since(begin), err)
			}
			n += got
		}
		link.Slow(1 << 30)
		client.Write([]byte("ab"))
		if n, err := server.Read(make([]byte, 2)); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// What was written before a close is still read.
func TestPipeDelivers(t *testing.T) {
	client, server, _ := pipe()
	client.Write([]byte("last words"))
	client.Close()
	client.Close()
	if p, err := io.ReadAll(server); !bytes.Equal(p, []byte("last words")) || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}
