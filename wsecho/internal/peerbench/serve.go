package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// serveCommand is the first argument of a server's process; the second is the peer's name, what follows are modes.
const (
	serveCommand = "serve"
	fanOutMode   = "fan-out"
	deflateMode  = "deflate"
	tlsMode      = "tls"
)

// What the driver may ask, one line each, over the standard input of a server. Every answer is one line of JSON.
const (
	askUsage   = "usage"   // answers a usage
	askMemory  = "memory"  // answers a footprint
	askProfile = "profile" // takes a file name; profiles the CPU until the next usage
)

// usage is what a server has used since it started.
type usage struct {
	CPU     time.Duration // user and system
	Mallocs uint64
}

// footprint is what a server holds.
type footprint struct {
	Bytes      uint64 // heap and stacks in use, after garbage collection
	Goroutines int
}

// A greeting is the first thing a server says.
type greeting struct{ Addr string }

// serve runs the server of args on a loopback port, until control ends.
func serve(args []string, control io.Reader, answers io.Writer) error {
	i := slices.IndexFunc(peers, func(p peer) bool { return len(args) > 0 && p.name == args[0] })
	if i < 0 {
		return fmt.Errorf("which peer? got %q", args)
	}
	os.Stdout = os.Stderr // answers is the real one: keep what a library may print out of it
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := ln.Addr().String()
	if slices.Contains(args[1:], tlsMode) {
		if ln, err = encrypt(ln); err != nil {
			return err
		}
	}
	failed := make(chan error, 2)
	m := mode{fanOut: slices.Contains(args[1:], fanOutMode), deflate: slices.Contains(args[1:], deflateMode)}
	go func() { failed <- peers[i].serve(ln, m) }()
	go func() { failed <- answer(addr, control, answers) }()
	return <-failed
}

// answer returns nil when the driver has hung up.
func answer(addr string, control io.Reader, answers io.Writer) error {
	out := json.NewEncoder(answers)
	if err := out.Encode(greeting{addr}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(control); lines.Scan(); {
		var a any
		ask, arg, _ := strings.Cut(lines.Text(), " ")
		switch ask {
		case askUsage:
			pprof.StopCPUProfile()
			a = used()
		case askMemory:
			a = held()
		case askProfile:
			f, err := os.Create(arg)
			if err != nil {
				return err
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				return err
			}
			a = struct{}{}
		default:
			return fmt.Errorf("unknown question %q", ask)
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

func used() usage {
	// Cheaper than runtime.ReadMemStats, which stops the world.
	mallocs := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
	metrics.Read(mallocs)
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err) // it cannot fail with these arguments
	}
	return usage{
		CPU:     time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		Mallocs: mallocs[0].Value.Uint64() + mallocs[1].Value.Uint64(),
	}
}

func held() footprint {
	var m runtime.MemStats
	f := footprint{Bytes: ^uint64(0)}
	for range 10 {
		// Again until it gains nothing: one collection empties half of each pool and halves a stack at most once.
		runtime.GC()
		runtime.ReadMemStats(&m)
		now := m.HeapInuse + m.StackInuse
		if now >= f.Bytes {
			break
		}
		f.Bytes = now
	}
	f.Goroutines = runtime.NumGoroutine()
	return f
}
