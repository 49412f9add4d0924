// Package await is how tests wait for what must come about: however busy the machine is, it does not take as
// long as Patience, and a test that has waited for so long has failed.
package await

import (
	"context"
	"testing"
	"time"
)

// Patience is how long a test waits for anything.
const Patience = 30 * time.Second

// Poll waits until cond is true.
func Poll(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// Value returns what comes from c, or the zero value once c is closed.
func Value[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	late := time.NewTimer(Patience)
	defer late.Stop()
	select {
	case v = <-c:
	case <-late.C:
		t.Fatalf("never: %s", what)
	}
	return v
}

// Within returns a context for what must not take longer than Patience. It ends with the test.
func Within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}
