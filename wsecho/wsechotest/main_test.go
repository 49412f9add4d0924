package wsechotest_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// t is the examples' test.
var t = newRecorder()

// TestMain proves that nothing leaks, of the examples' test either.
func TestMain(m *testing.M) { leaktest.Main(m, t.end) }

// recorder is a test that another one watches.
type recorder struct {
	testing.TB // nil: what is not below panics
	ctx        context.Context
	cancel     context.CancelFunc
	cleanups   []func()
	fatal      string
}

func newRecorder() *recorder {
	r := new(recorder)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Cleanup(f func())         { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// end ends the test as package testing does.
func (r *recorder) end() {
	r.cancel()
	for len(r.cleanups) > 0 {
		last := len(r.cleanups) - 1
		f := r.cleanups[last]
		r.cleanups = r.cleanups[:last]
		f()
	}
}
