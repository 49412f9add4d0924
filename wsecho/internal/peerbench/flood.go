package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"example.com/wsecho/wsecho/internal/peerbench/child"
)

// floodCommand is the first argument of the flooders' process; the server's address, the names of route and flood, and how many
// flooders follow.
const floodCommand = "flood"

// A flood is what a flooder sends without end. It reads all that comes back.
type flood struct {
	name  string
	first []byte // sent once, before it
	frame []byte // sent again and again
}

func (f flood) id() string { return f.name }

var floods = []flood{
	{name: "text", frame: newBatch(1, 1, text, 16).send},
	{name: "ping", frame: masked(0x89)},
	{name: "empty", first: masked(text), frame: masked(0)}, // fragments of a message that never ends
}

// masked is a frame without a payload.
func masked(first byte) []byte { return []byte{first, 0x80, 1, 2, 3, 4} }

// level is how high a flood stands.
type level struct {
	Taken int64 // bytes, so far, by the server or what lies before it
	On    int64 // flooders whose sessions the server has not ended
}

// floodSize is how much of a flood is written at once.
const floodSize = 32 << 10

// runFlood is the flooders' process: it answers each line of control with a level, and ends with control.
func runFlood(args []string, control io.Reader, answers io.Writer) error {
	if len(args) != 4 {
		return fmt.Errorf("%d arguments", len(args))
	}
	over, err := choose(namedRoutes, args[1], namedRoute.id)
	if err != nil {
		return err
	}
	f, err := choose(floods, args[2], flood.id)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	var cs conns // all, before the first floods
	for range n {
		c, err := over[0].over(args[0])() // over HTTP/2 too, a connection each
		if err != nil {
			return err
		}
		cs = append(cs, c)
	}
	var taken, on atomic.Int64
	for _, c := range cs {
		on.Add(1)
		go io.Copy(io.Discard, c)
		go func() {
			f[0].pour(c, &taken)
			on.Add(-1)
		}()
	}
	out := json.NewEncoder(answers)
	for line := [1]byte{}; ; {
		if err := out.Encode(level{taken.Load(), on.Load()}); err != nil {
			return err
		}
		if _, err := io.ReadFull(control, line[:]); err != nil {
			return nil
		}
	}
}

// pour floods c until the process ends, or the server ends the session.
func (f flood) pour(c net.Conn, taken *atomic.Int64) {
	c.Write(f.first)
	for b := bytes.Repeat(f.frame, floodSize/len(f.frame)); ; {
		n, err := c.Write(b)
		taken.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// flooding is the flooders' process, seen from the driver's.
type flooding struct{ *child.Process }

// startFlood starts the flooders and returns once all of them flood.
func startFlood(addr string, over namedRoute, f flood, n int) (*flooding, error) {
	p, err := child.Launch(floodCommand, addr, over.name, f.name, strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	fl := &flooding{p}
	if err := fl.Next(new(level)); err != nil {
		fl.Stop()
		return nil, fmt.Errorf("flooders did not start: %w", err)
	}
	time.Sleep(500 * time.Millisecond) // until the server is used to it
	return fl, nil
}

// level asks how high the flood stands.
func (fl *flooding) level() (l level, err error) {
	err = fl.Ask("", &l)
	return l, err
}
