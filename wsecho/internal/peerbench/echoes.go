package main

import (
	"sync/atomic"
	"time"
)

// echoes is a load of clients that each send a window of messages with one write, wait for all the echoes, compare
// them, and begin again.
type echoes struct {
	clients, window int
	op              byte
	size            int
	over            route
}

func (e echoes) connect(p plan, addr string) (load, error) {
	cs, err := dialMany(e.clients, e.over(addr))
	if err != nil {
		return nil, err
	}
	l := &echoLoad{echoes: e, conns: cs, wait: p.patience}
	for i := range cs {
		// Two, used in turn, so that an echo of the last batch is not taken for one of this.
		l.batches = append(l.batches, [2]batch{
			newBatch(uint64(2*i), e.window, e.op, e.size),
			newBatch(uint64(2*i+1), e.window, e.op, e.size),
		})
		l.got = append(l.got, make([]byte, len(l.batches[i][0].want)))
	}
	return l, nil
}

type echoLoad struct {
	echoes
	conns
	wait    time.Duration
	batches [][2]batch
	got     [][]byte
}

func (l *echoLoad) run(d time.Duration) (int, error) {
	l.patience(d + l.wait)
	return together(len(l.conns), d, func(i int, stop *atomic.Bool) (count int, err error) {
		for turn := 0; ; turn++ {
			b := l.batches[i][turn%2]
			if _, err := l.conns[i].Write(b.send); err != nil {
				return count, lost(err)
			}
			if err := expect(l.conns[i], l.got[i], b.want); err != nil {
				return count, err
			}
			count += l.window
			if stop.Load() {
				return count, nil
			}
		}
	})
}

// greet opens n connections, each of which has had one echo.
func (p plan) greet(n int, op byte, addr string) (conns, error) {
	l, err := echoes{clients: n, window: 1, op: op, size: 64, over: http1}.connect(p, addr)
	if err != nil {
		return nil, err
	}
	if _, err := l.run(0); err != nil {
		l.Close()
		return nil, err
	}
	return l.(*echoLoad).conns, nil
}

// greetDeflating is greet with permessage-deflate. Some servers compress the echo, short as it is.
func (p plan) greetDeflating(n int, op byte, addr string) (conns, error) {
	cs, err := dialMany(n, http1Deflate(addr))
	if err != nil {
		return nil, err
	}
	cs.patience(p.patience)
	hello := newBatch(0, 1, op, 64)
	for _, c := range cs {
		if _, err = c.Write(hello.send); err == nil {
			_, err = eitherFrame(c, hello.want)
		}
		if err != nil {
			cs.Close()
			return nil, lost(err)
		}
	}
	return cs, nil
}
