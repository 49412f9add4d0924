//go:build !linux

package socket

// parking is Linux's alone: elsewhere a session keeps its goroutine.
const parking = false

// Lot is where parked sockets would wait.
type Lot struct{}

// Len returns how many sockets are parked: none.
func (*Lot) Len() int { return 0 }

// Count returns how often a socket has been parked: never.
func (*Lot) Count() uint64 { return 0 }

// Waker is told when a parked socket is readable.
type Waker interface{ Wake() }

// Park fails.
func (*Socket) Park(*Lot, Waker) bool { return false }
