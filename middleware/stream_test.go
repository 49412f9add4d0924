package middleware

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// silent is the body of a stream whose peer sends nothing, and net/http's writer for it. It
// minds what net/http does: one reader at a time, and none when it has the stream back.
type silent struct {
	http.ResponseWriter
	t           *testing.T
	mu          sync.Mutex
	reading     bool
	begun       chan bool
	interrupted chan struct{}
	end         func()
}

func newSilent(t *testing.T) (*streamConn, *silent) {
	s := &silent{t: t, begun: make(chan bool, 2), interrupted: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.interrupted) })
	r, err := http.NewRequest(http.MethodConnect, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = s
	return newStreamConn(r, s), s
}

func (s *silent) set(reading bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading == reading {
		s.t.Error("two readers at a time")
	}
	s.reading = reading
}

func (s *silent) Read(p []byte) (int, error) {
	s.set(true)
	defer s.set(false)
	s.begun <- true
	<-s.interrupted
	time.Sleep(10 * time.Millisecond) // until the reader runs again
	return 0, io.ErrUnexpectedEOF
}

func (s *silent) Close() error { s.end(); return nil }

func (s *silent) SetReadDeadline(time.Time) error { s.end(); return nil }

// TestStreamReadsOneByOne: of several Reads each returns at Close, and release waits for them.
func TestStreamReadsOneByOne(t *testing.T) {
	c, s := newSilent(t)
	read := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
	}
	<-s.begun
	time.Sleep(10 * time.Millisecond) // for the other one, which must wait
	c.release()
	s.mu.Lock()
	if s.reading {
		t.Error("a Read is under way after release")
	}
	s.mu.Unlock()
	for range 2 {
		if err := <-read; err != net.ErrClosed {
			t.Errorf("Read: %v, want net.ErrClosed", err)
		}
	}
}

// TestStreamReadsNothing: as a TCP connection, it waits for no data where there is no room.
func TestStreamReadsNothing(t *testing.T) {
	c, s := newSilent(t)
	time.AfterFunc(10*time.Second, s.end)
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Errorf("Read of an empty slice: %d, %v", n, err)
	}
}
