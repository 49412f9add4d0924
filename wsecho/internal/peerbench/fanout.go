package main

import "time"

// listeners is a load of sessions of which one sends a message and all receive it, itself among them.
type listeners struct {
	conns
	wait    time.Duration
	message [2]batch
	got     []byte
}

// connectListeners has each session greeted before the first message, since a handshake may be answered before the session is
// on the server's list.
func connectListeners(p plan, addr string) (load, error) {
	cs, err := p.greet(p.listeners, binary, addr)
	if err != nil {
		return nil, err
	}
	for i, c := range cs {
		if cs[i], err = newBlocking(c); err != nil {
			cs.Close()
			return nil, err
		}
	}
	l := &listeners{conns: cs, wait: p.patience, message: [2]batch{newBatch(0, 1, text, 64), newBatch(1, 1, text, 64)}}
	l.got = make([]byte, len(l.message[0].want))
	return l, nil
}

// run sends a message when the last one has arrived everywhere. One goroutine reads all connections in turn: a thousand
// of them would take more of the machine than the server does. It sleeps until the one at hand has something, whatever
// arrives at the others: see blockingConn.
func (l *listeners) run(d time.Duration) (count int, err error) {
	l.patience(d + l.wait)
	end := time.Now().Add(d)
	for turn := 0; ; turn++ {
		m := l.message[turn%2]
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
