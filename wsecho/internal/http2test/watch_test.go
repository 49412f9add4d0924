package http2test

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// watch stands outside ExtendedConnect, in the place of net/http. It sees that every ServeHTTP returns,
// and that nobody touches the writer or the body afterwards: net/http has them back.
type watch struct {
	t       testing.TB
	serving atomic.Int32
}

func (w *watch) over(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.serving.Add(1)
		defer w.serving.Add(-1)
		l := &lease{t: w.t}
		defer l.end()
		r2 := *r
		r2.Body = leasedBody{l, r.Body}
		next.ServeHTTP(&leasedWriter{l, rw, http.NewResponseController(rw)}, &r2)
	})
}

// wait waits until every ServeHTTP has returned.
func (w *watch) wait() {
	w.t.Helper()
	await.Poll(w.t, "every ServeHTTP has returned", func() bool { return w.serving.Load() == 0 })
}

// lease is the time in which net/http's stream may be used.
type lease struct {
	t     testing.TB
	calls atomic.Int32
	over  atomic.Bool
}

func (l *lease) enter(method string) {
	l.calls.Add(1)
	if l.over.Load() {
		l.t.Errorf("%s after ServeHTTP has returned", method)
	}
}

func (l *lease) leave() { l.calls.Add(-1) }

func (l *lease) end() {
	l.over.Store(true)
	if n := l.calls.Load(); n != 0 {
		l.t.Errorf("%d calls are under way as ServeHTTP returns", n)
	}
}

// leasedWriter does not unwrap, so that there is no way round it.
type leasedWriter struct {
	*lease
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (w *leasedWriter) Header() http.Header {
	w.enter("Header")
	defer w.leave()
	return w.w.Header()
}

func (w *leasedWriter) WriteHeader(code int) {
	w.enter("WriteHeader")
	defer w.leave()
	w.w.WriteHeader(code)
}

func (w *leasedWriter) Write(p []byte) (int, error) {
	w.enter("Write")
	defer w.leave()
	return w.w.Write(p)
}

func (w *leasedWriter) FlushError() error {
	w.enter("Flush")
	defer w.leave()
	return w.rc.Flush()
}

func (w *leasedWriter) SetReadDeadline(t time.Time) error {
	w.enter("SetReadDeadline")
	defer w.leave()
	return w.rc.SetReadDeadline(t)
}

func (w *leasedWriter) SetWriteDeadline(t time.Time) error {
	w.enter("SetWriteDeadline")
	defer w.leave()
	return w.rc.SetWriteDeadline(t)
}

type leasedBody struct {
	*lease
	body io.ReadCloser
}

func (b leasedBody) Read(p []byte) (int, error) {
	b.enter("Read")
	defer b.leave()
	return b.body.Read(p)
}

func (b leasedBody) Close() error {
	b.enter("Close of the body")
	defer b.leave()
	return b.body.Close()
}
