package child

import (
	"runtime"
	"runtime/metrics"
	"syscall"
	"time"
)

// Usage is what a server has used since it started.
type Usage struct {
	CPU     time.Duration // user and system
	Mallocs uint64
}

// Footprint is what a server holds.
type Footprint struct {
	Bytes      uint64 // heap and stacks in use, after garbage collection
	Goroutines int
}

// used returns what this process has used.
func used() Usage {
	// Cheaper than runtime.ReadMemStats, which stops the world.
	mallocs := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
	metrics.Read(mallocs)
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err) // it cannot fail with these arguments
	}
	return Usage{
		CPU:     time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		Mallocs: mallocs[0].Value.Uint64() + mallocs[1].Value.Uint64(),
	}
}

// held returns what this process holds.
func held() Footprint {
	var m runtime.MemStats
	f := Footprint{Bytes: ^uint64(0)}
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
