//go:build linux

package wsecho_test

import (
	"fmt"
	"os"
	"runtime"
)

// use is what the process holds.
type use struct {
	goroutines, descriptors int
	heap                    uint64
}

func resources() use {
	for range 3 { // two cycles empty the pools: what is left of the heap is somebody's
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, _ := os.ReadDir("/proc/self/fd")
	return use{runtime.NumGoroutine(), len(fds), m.HeapAlloc}
}

// heapSlack is below what 100 read buffers that were not given back take.
const heapSlack = 1 << 20

func (u use) exceededBy(v use) string {
	switch {
	case v.goroutines > u.goroutines, v.descriptors > u.descriptors, v.heap > u.heap+heapSlack:
		return fmt.Sprintf("%+v, before %+v", v, u)
	}
	return ""
}
