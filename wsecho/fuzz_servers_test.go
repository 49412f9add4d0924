//go:build unix

package wsecho_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// sink is a server that streams are fed to, one connection each.
type sink struct {
	name string
	pipe func() (client, server net.Conn)
	mode websocket.CompressionMode
	http.Handler
}

// notes is where a session's hooks write.
type notes struct {
	messages []string
	end      chan string
}

type notesKey struct{}

func (n *notes) message(typ websocket.MessageType, p []byte) {
	n.messages = append(n.messages, fmt.Sprintf("%d %s", typ, p))
}

func newSink(name string, mode websocket.CompressionMode, limit int64, pipe func() (client, server net.Conn), parkAfter time.Duration) *sink {
	h := &wsecho.Handler{
		Compression: mode, ReadLimit: limit, WriteLimit: -1, PingInterval: -1, CloseTimeout: time.Minute,
		Logger: new(sessiontest.Log).Logger(),
		OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			s.Context().Value(notesKey{}).(*notes).message(typ, p)
			return wsecho.Echo(ctx, s, typ, p)
		},
		OnClose: func(ctx context.Context, s *wsecho.Session, err error) {
			ctx.Value(notesKey{}).(*notes).end <- err.Error()
		},
	}
	wsecho.ParkAfter(h, parkAfter)
	return &sink{name, pipe, mode, h}
}

// coderSink is the loop of coder's README.
func coderSink(mode websocket.CompressionMode, limit int64) *sink {
	return &sink{"coder", peer.HalfPipe, mode, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := r.Context().Value(notesKey{}).(*notes)
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: mode})
		if err != nil {
			n.end <- "accept: " + err.Error()
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(limit)
		for {
			typ, p, err := c.Read(context.Background())
			if err != nil {
				n.end <- err.Error()
				return
			}
			n.message(typ, p)
			if err := c.Write(context.Background(), typ, p); err != nil {
				n.end <- err.Error()
				return
			}
		}
	})}
}

// feed opens a connection, sends the stream in pieces, ends its own side and reads until the end.
// early: the first piece is there with the handshake.
func (k *sink) feed(stream, cuts []byte, early bool) (o outcome) {
	client, server := k.pipe()
	defer client.Close()
	client.SetDeadline(time.Now().Add(8 * time.Second))
	n := &notes{end: make(chan string, 1)}
	var first []byte
	if early {
		first, stream, cuts = piece(stream, cuts)
	}
	r := httptest.NewRequest("GET", "/", nil).WithContext(context.WithValue(context.Background(), notesKey{}, n))
	r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {peer.Key}, "Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}, "Sec-Websocket-Extensions": {peer.Offer}}
	go k.ServeHTTP(&hijackable{server, first, http.Header{}}, r)
	go func() {
		for len(stream) > 0 {
			var p []byte
			p, stream, cuts = piece(stream, cuts)
			if _, err := client.Write(p); err != nil {
				return
			}
			taken(server)
		}
		client.(interface{ CloseWrite() error }).CloseWrite()
	}()
	var err error
	if o.sent, err = io.ReadAll(client); err != nil {
		o.fault = fmt.Sprintf("%s: the peer saw the end as %v", k.name, err)
	}
	if bytes.HasPrefix(o.sent, []byte("HTTP/1.1 101 ")) { // some writers leave the head to who hijacks
		_, o.sent, _ = bytes.Cut(o.sent, []byte("\r\n\r\n"))
	}
	client.Close()
	select {
	case o.end = <-n.end:
		o.messages = n.messages
	case <-time.After(8 * time.Second):
		o.fault += k.name + ": no end"
	}
	return o
}

// piece is the next piece of the stream; without cuts all of it.
func piece(stream, cuts []byte) (p, rest, restCuts []byte) {
	n := len(stream)
	if len(cuts) > 0 {
		n = min(n, []int{1, 2, 3, 5, 7, 13, 100, 512, 1000, 16384, 16385, 70000}[int(cuts[0])%12])
		cuts = cuts[1:]
	}
	return stream[:n], stream[n:], cuts
}

// taken waits until a raw socket has been read empty, so that a cut is one; not for ever, as nobody
// may read it any more.
func taken(server net.Conn) {
	c, ok := server.(*net.UnixConn)
	if !ok {
		return // a pipe's Write waits for that
	}
	raw, err := c.SyscallConn()
	for i := 0; i < 50 && err == nil; i++ {
		waiting := false
		err = raw.Control(func(fd uintptr) {
			n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
			waiting = n > 0 && err == nil
		})
		if !waiting {
			return
		}
		time.Sleep(10 * time.Microsecond)
	}
}

// socketPair is two sockets of the kernel, without a listener.
func socketPair() (client, server net.Conn) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		panic(err)
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "socket")
		if ends[i], err = net.FileConn(f); err != nil {
			panic(err)
		}
		f.Close()
	}
	return ends[0], ends[1]
}

// hijackable is net/http's ResponseWriter, as far as an upgrade needs it.
type hijackable struct {
	conn   net.Conn
	early  []byte
	header http.Header
}

func (w *hijackable) Header() http.Header { return w.header }
func (w *hijackable) WriteHeader(int)     {}
func (w *hijackable) Write([]byte) (int, error) {
	return 0, errors.New("the handshake was refused")
}

func (w *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	br := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(w.early), w.conn), max(len(w.early), 16))
	br.Peek(len(w.early))
	return w.conn, bufio.NewReadWriter(br, bufio.NewWriterSize(w.conn, 4096)), nil
}
