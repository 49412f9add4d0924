package main

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// A load keeps a server busy.
type load interface {
	// run does so for d, and then until everything sent has been answered and compared. It returns how many messages (deliveries,
	// connections) that were.
	run(d time.Duration) (int, error)
	io.Closer
}

// together calls f for each i below n in a goroutine of its own; f goes on until stop is set, after d or when another fails.
// It returns the sum of their counts, and the first error.
func together(n int, d time.Duration, f func(i int, stop *atomic.Bool) (int, error)) (int, error) {
	var (
		g     errgroup.Group
		stop  atomic.Bool
		total atomic.Int64
	)
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	defer timer.Stop()
	for i := range n {
		g.Go(func() error {
			count, err := f(i, &stop)
			total.Add(int64(count))
			if err != nil {
				stop.Store(true)
			}
			return err
		})
	}
	err := g.Wait()
	return int(total.Load()), err
}

// conns are open connections to one server.
type conns []net.Conn

// dialMany opens n connections, a few at a time so that the server's backlog holds them.
func dialMany(n int, dial func() (net.Conn, error)) (conns, error) {
	var g errgroup.Group
	g.SetLimit(32)
	cs := make(conns, n)
	for i := range cs {
		g.Go(func() (err error) {
			cs[i], err = dial()
			return err
		})
	}
	if err := g.Wait(); err != nil {
		cs.Close()
		return nil, err
	}
	return cs, nil
}

// patience makes everything under way on the connections fail after d. One deadline serves a whole run: setting it for each message would
// cost as much as the message.
func (cs conns) patience(d time.Duration) {
	for _, c := range cs {
		c.SetDeadline(time.Now().Add(d))
	}
}

func (cs conns) Close() error {
	for _, c := range cs {
		if c != nil {
			c.Close()
		}
	}
	return nil
}
