//go:build !linux

package socket

// Parking is Linux's alone: elsewhere a session keeps its goroutine.
const parking = false

// Park fails.
func (*Socket) Park(Waker) bool { return false }

// Waker is told when a parked socket is readable.
type Waker interface{ Wake() }
