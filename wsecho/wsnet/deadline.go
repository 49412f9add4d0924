package wsnet

import (
	"context"
	"os"
	"sync"
	"time"
)

// deadline is when calls give up. It may be moved while they wait.
type deadline struct {
	mu    sync.Mutex
	until *until
	timer *time.Timer // nil: none runs
}

// until is a context that ends when its deadline passes. A deadline that is moved before keeps it, so that the calls
// which wait follow.
type until struct {
	context.Context
	done chan struct{}
}

// newDeadline returns a deadline that never passes.
func newDeadline() *deadline { return &deadline{until: newUntil()} }

func newUntil() *until { return &until{context.Background(), make(chan struct{})} }

// Done is closed when the deadline passes.
func (u *until) Done() <-chan struct{} { return u.done }

// Err is os.ErrDeadlineExceeded once the deadline has passed.
func (u *until) Err() error {
	select {
	case <-u.done:
		return os.ErrDeadlineExceeded
	default:
		return nil
	}
}

// wait returns what ends when the deadline passes.
func (d *deadline) wait() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.until
}

// set moves the deadline; zero: it never passes.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.until.Err() != nil { // the calls to come have another
		d.until = newUntil()
	}
	switch left := time.Until(t); {
	case t.IsZero():
	case left <= 0:
		close(d.until.done)
	default:
		d.start(left)
	}
}

// start lets the deadline pass in a while, unless it is moved before. The mutex is held.
func (d *deadline) start(left time.Duration) {
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.timer == timer { // else it fired while it was moved
			d.timer = nil
			close(d.until.done)
		}
	})
	d.timer = timer
}
