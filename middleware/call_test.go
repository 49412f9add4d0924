package middleware

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// interruptible is a call on something like net/http's stream: wait returns when it is
// interrupted, and so does every later one.
type interruptible struct {
	call
	broken      chan struct{}
	interrupted int
}

var errBroken = errors.New("the stream's own error")

func newInterruptible() *interruptible {
	c := &interruptible{broken: make(chan struct{})}
	c.interrupt = func() {
		if c.interrupted++; c.interrupted == 1 {
			close(c.broken)
		}
	}
	return c
}

// wait is a call that ends only when it is interrupted.
func (c *interruptible) wait() error {
	if err := c.begin(); err != nil {
		return err
	}
	<-c.broken
	return c.end(errBroken)
}

func TestCallDeadlineEndsTheCallThatWaits(t *testing.T) {
	for name, set := range map[string]func(c *interruptible){
		"set before":            func(c *interruptible) { c.setDeadline(time.Now().Add(time.Second)) },
		"set while it waits":    func(c *interruptible) { setLater(c, time.Second, 0) },
		"brought forward":       func(c *interruptible) { c.setDeadline(time.Now().Add(time.Hour)); setLater(c, 0, time.Second) },
		"put off":               func(c *interruptible) { c.setDeadline(time.Now().Add(time.Millisecond)); setLater(c, 0, time.Second) },
		"in the past, it waits": func(c *interruptible) { setLater(c, time.Second, -time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newInterruptible()
				start := time.Now()
				set(c)
				if err := c.wait(); err != os.ErrDeadlineExceeded {
					t.Errorf("the call returned %v, want os.ErrDeadlineExceeded", err)
				}
				if waited := time.Since(start); waited != time.Second { // the bubble's time is exact
					t.Errorf("it waited %v", waited)
				}
				c.setDeadline(time.Now().Add(time.Hour))
				if err := c.begin(); err != os.ErrDeadlineExceeded {
					t.Errorf("the next one begins with %v: an interruption is final", err)
				}
			})
		})
	}
}

// setLater sets the deadline to in from then, after that has passed.
func setLater(c *interruptible, after, in time.Duration) {
	if after == 0 {
		go func() { c.setDeadline(time.Now().Add(in)) }()
		return
	}
	time.AfterFunc(after, func() { c.setDeadline(time.Now().Add(in)) })
}

func TestCallDeadlineLeavesAnIdleSideAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newInterruptible()
		c.setDeadline(time.Now().Add(time.Second))
		if err := errors.Join(c.begin(), c.end(nil)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // of the bubble
		if c.interrupted > 0 {
			t.Fatal("the deadline interrupted a side on which nothing waits")
		}
		if err := c.begin(); err != os.ErrDeadlineExceeded {
			t.Errorf("after its deadline a call begins with %v", err)
		}
		c.setDeadline(time.Time{})
		if err := errors.Join(c.begin(), c.end(nil)); err != nil {
			t.Errorf("with the deadline taken back: %v", err)
		}
	})
}

func TestCallClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newInterruptible()
		ended := make(chan error)
		go func() { ended <- c.wait() }()
		synctest.Wait()
		c.close(net.ErrClosed)
		if err := <-ended; err != net.ErrClosed {
			t.Errorf("the call under way: %v", err)
		}
		if err := c.begin(); err != net.ErrClosed {
			t.Errorf("begin: %v", err)
		}
		if err := c.setDeadline(time.Now().Add(-time.Second)); err != net.ErrClosed {
			t.Errorf("setDeadline: %v", err)
		}
		if c.interrupted != 1 {
			t.Errorf("interrupted %d times", c.interrupted)
		}
	})
	idle := newInterruptible()
	idle.close(net.ErrClosed)
	if idle.interrupted > 0 {
		t.Error("close interrupted a side on which nothing waits")
	}
}

func TestCallError(t *testing.T) {
	for _, tt := range []struct {
		name               string
		timedOut, closed   bool
		err, wantErr, want error // want: the reason on the other side
	}{
		{"no error", true, true, nil, nil, nil},
		{"end of file", true, true, io.EOF, io.EOF, io.EOF},
		{"its own", false, false, errBroken, errBroken, errBroken},
		{"timed out", true, false, errBroken, os.ErrDeadlineExceeded, os.ErrDeadlineExceeded},
		{"closed", false, true, errBroken, net.ErrClosed, errBroken},
		{"timed out, then closed", true, true, net.ErrClosed, net.ErrClosed, net.ErrClosed},
	} {
		c := newInterruptible()
		c.timedOut = tt.timedOut
		if tt.closed {
			c.close(net.ErrClosed)
		}
		if err := c.end(tt.err); err != tt.wantErr {
			t.Errorf("%s: end returns %v, want %v", tt.name, err, tt.wantErr)
		}
		if err := c.reason(tt.err); err != tt.want {
			t.Errorf("%s: reason returns %v, want %v", tt.name, err, tt.want)
		}
	}
}
