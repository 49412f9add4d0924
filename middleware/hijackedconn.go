package middleware

import "runtime"

// hijackedConn is what Hijack returns of a stream. A handler that drops it without Close
// leaves nobody who could end the stream: its collection does, as it closes a socket.
type hijackedConn struct{ *streamConn }

func newHijackedConn(s *streamConn) *hijackedConn {
	c := &hijackedConn{s}
	runtime.AddCleanup(c, func(s *streamConn) { s.Close() }, s)
	return c
}

// Read and Write may be the last use of c: it is not dropped before they return.

func (c *hijackedConn) Read(p []byte) (int, error) {
	defer runtime.KeepAlive(c)
	return c.streamConn.Read(p)
}

func (c *hijackedConn) Write(p []byte) (int, error) {
	defer runtime.KeepAlive(c)
	return c.streamConn.Write(p)
}
