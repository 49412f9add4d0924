// Package wsnet has sessions as net.Conn, for servers of protocols that are streams of bytes and that browsers speak
// over WebSockets: MQTT, STOMP, AMQP, SSH. Such a server takes a net.Listener, and here is one:
//
//	h := &wsecho.Handler{Subprotocols: []string{"mqtt"}}
//	r.Handle("/mqtt", h)
//	broker.Serve(wsnet.NewListener(h, websocket.MessageBinary))
//
// What a connection reads are its messages' bytes one after the other; where a message ends does not show. Each Write
// is one message.
package wsnet

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// NewListener sets h's hooks and returns the net.Listener whose Accept gives each of h's sessions as a net.Conn. It
// must be called before h serves. typ is the type of the messages, both ways: one of the other type ends its session
// with 1003. With MessageText each Write must be UTF-8 that is whole.
//
// Who may connect is decided before: by h's own checks, and by middleware in front of it.
//
// # The connection
//
// A message is the connection's until it has been read to its end; the next is not looked at before, so a reader that
// takes its time holds the peer up, and the peer's pings wait as long. Write copies, and waits while too much
// waits for the peer: see Handler.WriteLimit. Deadlines are those of package net: they end calls that wait, with
// os.ErrDeadlineExceeded, and never the session; of a Write that times out nothing is sent. All methods may be called
// from any goroutine.
//
// Close closes the session with 1000, after what was written; it does not wait. Read returns io.EOF once the peer has
// closed with 1000 or 1001 or without a code, as a page does that is left or calls close(), net.ErrClosed after
// Close, and else an error that matches what OnClose would get; of a connection that was lost it matches
// io.ErrUnexpectedEOF and never io.EOF. Write returns an error that matches net.ErrClosed once the session is ending.
//
// RemoteAddr is r.RemoteAddr, a *net.TCPAddr where that is an address and a port.
//
// # The listener
//
// Sessions that have not been accepted wait, and may end meanwhile: then Accept does not give them. Close ends those that
// wait and those that come, with 1001; the others go on, until they end or h is shut down. Accept then returns net.ErrClosed. Addr is
// nothing but the name "websocket": the address is the http.Server's.
//
// NewListener panics if h has a hook, or typ is neither MessageText nor MessageBinary.
func NewListener(h *wsecho.Handler, typ websocket.MessageType) net.Listener {
	if h.OnOpen != nil || h.OnMessage != nil || h.OnClose != nil {
		panic("wsnet.NewListener: the Handler has hooks")
	}
	if typ != websocket.MessageText && typ != websocket.MessageBinary {
		panic("wsnet.NewListener: the type is neither text nor binary")
	}
	l := &listener{typ: typ, closed: make(chan struct{}), more: make(chan struct{}, 1)}
	h.OnOpen, h.OnMessage, h.OnClose = l.open, l.message, l.ended
	return l
}

// listener is the net.Listener of one Handler.
type listener struct {
	typ    websocket.MessageType
	closed chan struct{}
	more   chan struct{} // of one slot: conns may have some

	mu    sync.Mutex
	over  bool    // Close was called
	conns []*conn // those that wait for Accept, the oldest first
}

// errListenerClosed closes a session that nobody will accept.
var errListenerClosed = websocket.CloseError{Code: websocket.StatusGoingAway, Reason: "not listening"}

// open is OnOpen.
func (l *listener) open(s *wsecho.Session, r *http.Request) error {
	c := newConn(s, l.typ, r)
	s.Data = c
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return errListenerClosed
	}
	l.conns = append(l.conns, c)
	l.signal()
	return nil
}

// message is OnMessage.
func (l *listener) message(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
	if typ != l.typ {
		return websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "not a message of the type spoken here"}
	}
	s.Data.(*conn).deliver(ctx, p)
	return nil
}

// ended is OnClose.
func (l *listener) ended(_ context.Context, s *wsecho.Session, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.conns, s.Data.(*conn)); i >= 0 {
		l.conns = slices.Delete(l.conns, i, i+1)
	}
}

// signal wakes one Accept. The mutex is held.
func (l *listener) signal() {
	select {
	case l.more <- struct{}{}:
	default: // it has been told
	}
}

// Accept waits for the next session.
func (l *listener) Accept() (net.Conn, error) {
	for {
		if c := l.next(); c != nil {
			return c, nil
		}
		select {
		case <-l.more:
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

// next returns the session that has waited longest; nil: none waits.
func (l *listener) next() net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.conns) == 0 {
		return nil
	}
	c := l.conns[0]
	l.conns = slices.Delete(l.conns, 0, 1)
	if len(l.conns) > 0 {
		l.signal() // another Accept may wait
	}
	return c
}

// Close ends Accept and the sessions that wait for it.
func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return nil
	}
	l.over = true
	close(l.closed)
	for _, c := range l.conns {
		c.s.Close(errListenerClosed.Code, errListenerClosed.Reason)
	}
	l.conns = nil
	return nil
}

// Addr is the name of what is listened to.
func (l *listener) Addr() net.Addr { return address("websocket") }
