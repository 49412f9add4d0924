package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/peerbench/child"
)

// A client is a member of some rooms. One goroutine uses it.
type client struct {
	tongue
	peer  *peer.Peer
	lines [][]byte // of a frame, not looked at yet: centrifuge may put several into one
}

// join returns a client that is in rooms.
func (p plan) join(addr string, t tongue, rooms []string) (*client, error) {
	tcp, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	conn, err := child.NewBlocking(tcp)
	if err != nil {
		return nil, err
	}
	c := &client{tongue: t}
	if err := c.enter(conn, rooms, p.patience); err != nil {
		conn.Close()
		return nil, fmt.Errorf("join: %w", err)
	}
	return c, nil
}

// enter does the handshake and waits until it is in rooms. patience is how long what must come may take, then too.
func (c *client) enter(conn net.Conn, rooms []string, patience time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil { // of each read: see child.BlockingConn
		return err
	}
	p, answer, err := peer.Handshake(conn, peer.Request{
		Target: c.target(rooms), Lines: []string{"Sec-WebSocket-Protocol: " + c.subprotocol},
	})
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return errors.New(answer.Status)
	}
	if c.peer = p; c.greet != nil {
		if err := p.Send(text(c.greet(rooms))); err != nil {
			return err
		}
	}
	for range c.answers(len(rooms)) {
		line, err := c.line()
		if err != nil {
			return err
		}
		if _, isMessage, err := numberIn(line); err != nil {
			return err
		} else if isMessage {
			return fmt.Errorf("a message before it was in: %s", line)
		}
	}
	return nil
}

// line returns what the server says next.
func (c *client) line() ([]byte, error) {
	for len(c.lines) == 0 {
		m, err := c.peer.Read()
		if err != nil {
			return nil, err
		}
		if m.Op != peer.OpText {
			return nil, fmt.Errorf("the server says %v", m)
		}
		c.lines = bytes.Split(bytes.TrimSpace(m.Payload), []byte("\n"))
	}
	line := c.lines[0]
	c.lines = c.lines[1:]
	return line, nil
}

// hear returns the number of the next message.
func (c *client) hear() (int, error) {
	for {
		line, err := c.line()
		if err != nil {
			return 0, fmt.Errorf("missing message: %w", err)
		}
		if n, ok, err := numberIn(line); ok || err != nil {
			return n, err
		}
	}
}

// expect waits for a message, which must be the next.
func (c *client) expect(number int) error {
	got, err := c.hear()
	if err == nil && got != number {
		err = fmt.Errorf("wrong message: %d, not %d", got, number)
	}
	return err
}

// tell says a message in a room.
func (c *client) tell(room string, number int) error {
	return c.peer.Send(text(c.say(room, number, dataOf(number))))
}

// clients are members of one server.
type clients []*client

// joinAll has n clients join, a few at a time so that the server's backlog holds them.
func (p plan) joinAll(addr string, t tongue, n int, rooms func(i int) []string) (clients, error) {
	var g errgroup.Group
	g.SetLimit(32)
	cs := make(clients, n)
	for i := range cs {
		g.Go(func() (err error) {
			cs[i], err = p.join(addr, t, rooms(i))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		cs.close()
		return nil, err
	}
	return cs, nil
}

// close closes all connections.
func (cs clients) close() {
	for _, c := range cs {
		if c != nil {
			c.peer.Close()
		}
	}
}
