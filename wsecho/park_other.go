//go:build !linux

package wsecho

// park is Linux's alone: elsewhere a session keeps its goroutine.
func park(*Session) bool { return false }
