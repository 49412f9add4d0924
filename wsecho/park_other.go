//go:build !linux

package wsecho

// Parking is Linux's alone: elsewhere a session keeps its goroutine.
const parking = false

func park(*Session) bool { return false }
