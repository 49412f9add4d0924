package wsecho

import (
	"bufio"
	"net"
	"net/http"
	"runtime"
	"time"
)

// writerChain is what can be seen of the ResponseWriters that middleware has wrapped around the server's own.
type writerChain struct {
	outermost http.ResponseWriter
	last      http.ResponseWriter // the innermost that Unwrap leads to
	hijacker  bool                // one of them, from outermost to last, is an http.Hijacker
	server    serverWriter        // nil: out of sight, or of a kind that is not known
}

// inspectWriters looks through w and what it wraps.
func inspectWriters(w http.ResponseWriter) (c writerChain) {
	c.outermost = w
	for ; w != nil; w = unwrap(w) {
		c.last = w
		if _, ok := w.(http.Hijacker); ok {
			c.hijacker = true
		}
	}
	c.server = findServerWriter(c.last)
	return c
}

// unwrap returns the writer that w shows to be below it; nil: none.
func unwrap(w http.ResponseWriter) http.ResponseWriter {
	if wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return wrapper.Unwrap()
	}
	return nil
}

// status is the status that the server's own writer has been given; 0: none, or it cannot be seen.
func (c *writerChain) status() int {
	if c.server == nil {
		return 0
	}
	return c.server.status()
}

// announces reports whether a WriteHeader(101) is to come before the hijack, to be seen by the wrappers: access
// logs note it, others add their headers to it. It could not be taken back, so the server's own writer must be one
// whose hijack does not fail. Where there are no wrappers nobody would see it.
func (c *writerChain) announces() bool {
	return c.server != nil && c.server.writer() != c.outermost
}

// announce tells the wrappers of the 101 and sends it, if they let it through to the server's own writer: status
// says so. The write deadline is set until the hijack, so that a peer that does not read holds nobody up.
func (c *writerChain) announce(head [][2]string, deadline time.Time) error {
	header := c.outermost.Header()
	for _, field := range head {
		header[field[0]] = []string{field[1]}
	}
	c.outermost.WriteHeader(http.StatusSwitchingProtocols)
	if c.status() != http.StatusSwitchingProtocols {
		return nil
	}
	server := http.NewResponseController(c.server.writer())
	if !deadline.IsZero() {
		server.SetWriteDeadline(deadline)
	}
	return server.Flush() // as its Hijack does, which does not say how it went
}

// hijack takes the connection over through the outermost writer that gives it away, which may wrap it. One
// that fails is gone round, if need be to a server's own writer that the wrappers hide: it would send the 101
// that has been announced and keep the connection. Of an err, failed is the first writer that did.
func (c *writerChain) hijack() (conn net.Conn, brw *bufio.ReadWriter, failed http.ResponseWriter, err error) {
	try := func(w http.ResponseWriter) bool {
		hj, ok := w.(http.Hijacker)
		if !ok {
			return false
		}
		var tried error
		conn, brw, tried = hijackFrom(hj)
		if tried != nil && err == nil {
			failed, err = w, tried
		}
		return tried == nil
	}
	for w := c.outermost; w != nil; w = unwrap(w) {
		if try(w) {
			return conn, brw, nil, nil
		}
	}
	if c.server != nil && try(c.server.writer()) {
		return conn, brw, nil, nil
	}
	return nil, nil, failed, err
}

// hijackFrom calls Hijack. One that takes the writer below it for an http.Hijacker and panics, as gin's does, has
// failed; any other panic goes on.
func hijackFrom(hj http.Hijacker) (conn net.Conn, brw *bufio.ReadWriter, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *runtime.TypeAssertionError:
			err = v
		default:
			panic(v)
		}
	}()
	return hj.Hijack()
}
