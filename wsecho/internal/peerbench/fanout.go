package main

import (
	"errors"
	"slices"
	"time"

	"example.com/wsecho/wsecho/internal/peerbench/child"
)

// listeners is a load of sessions of which one sends a message and all receive it, itself among them.
type listeners struct {
	conns
	wait    time.Duration
	message [2]batch
	got     []byte // of a delivery
}

// listening is what the listeners of a column are.
type listening struct {
	sessions int // or fewer, if the plan has not so many
	size     int // of the message
	deflate  bool
}

// connect has each session greeted before the first message, since a handshake may be answered before the session is
// on the server's list.
func (ls listening) connect(p plan, addr string) (load, error) {
	greet := p.greet
	if ls.deflate {
		greet = p.greetDeflating
	}
	cs, err := greet(min(ls.sessions, p.listeners), binary, addr)
	if err != nil {
		return nil, err
	}
	for i, c := range cs {
		if cs[i], err = child.NewBlocking(c); err != nil {
			cs.Close()
			return nil, err
		}
	}
	l := &listeners{conns: cs, wait: p.patience, message: [2]batch{newBatch(0, 1, text, ls.size), newBatch(1, 1, text, ls.size)}}
	if ls.deflate {
		if err := l.learn(p.patience); err != nil {
			cs.Close()
			return nil, err
		}
	}
	return l, nil
}

// learn has each message sent once and keeps the compressed frame that comes back first: every other delivery of it must be the same,
// as without context takeover a compressor always makes the same of the same message.
func (l *listeners) learn(patience time.Duration) error {
	l.patience(patience)
	for i := range l.message {
		m := &l.message[i]
		if _, err := l.conns[0].Write(m.send); err != nil {
			return lost(err)
		}
		frame, err := eitherFrame(l.conns[0], m.want)
		switch {
		case err != nil:
			return err
		case frame[0]&rsv1 == 0:
			return errors.New("a delivery that is not compressed")
		}
		m.want = frame
		for _, c := range l.conns[1:] {
			if err := expect(c, make([]byte, len(frame)), frame); err != nil {
				return err
			}
		}
	}
	return nil
}

// run sends a message when the last one has arrived everywhere. One goroutine reads all connections in turn: a thousand
// of them would take more of the machine than the server does. It sleeps until the one at hand has something, whatever
// arrives at the others: see child.BlockingConn.
func (l *listeners) run(d time.Duration) (count int, err error) {
	l.patience(d + l.wait)
	end := time.Now().Add(d)
	for turn := 0; ; turn++ {
		m := l.message[turn%2]
		l.got = slices.Grow(l.got[:0], len(m.want))[:len(m.want)]
		if _, err := l.conns[0].Write(m.send); err != nil {
			return count, lost(err)
		}
		for _, c := range l.conns {
			if err := expect(c, l.got, m.want); err != nil {
				return count, err
			}
			count++
		}
		if time.Now().After(end) {
			return count, nil
		}
	}
}
