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
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// FuzzStreams sends the same bytes, cut at the same places, to three sessions of ours (over a raw
// socket, over one whose session parks whenever it can, over a plain conn) and to coder's own loop. All
// must hand the same messages to the hooks; ours must send the same bytes and end the same way, and so
// must coder's where the stream is legal.
func FuzzStreams(f *testing.F) {
	seeds(f)
	type kind struct {
		mode  websocket.CompressionMode
		limit int64
	}
	sinks := map[kind][]*sink{}
	for _, mode := range []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover} {
		for _, limit := range []int64{scriptLimit, -1} {
			sinks[kind{mode, limit}] = []*sink{
				newSink("raw", mode, limit, socketPair, time.Hour),
				newSink("raw, parking", mode, limit, socketPair, time.Nanosecond),
				newSink("plain", mode, limit, peer.HalfPipe, time.Hour),
				coderSink(mode, limit),
			}
		}
	}
	f.Fuzz(func(t *testing.T, frames, cuts []byte, how uint8) {
		mode, limit := websocket.CompressionMode(how&0x3f%3), int64(scriptLimit)
		if how&0x40 != 0 {
			limit = -1
		}
		sinks := sinks[kind{mode, limit}]
		s := script{in: frames, deflate: mode != websocket.CompressionDisabled}
		stream := s.run()
		var seen [4]outcome
		done := make(chan bool)
		for i, k := range sinks {
			go func() { seen[i] = k.feed(stream, cuts, how&0x80 != 0); done <- true }()
		}
		for range seen {
			<-done
		}
		raw, coder := seen[0], seen[3]
		for i, other := range seen[1:3] {
			if diff := raw.differs(other); diff != "" {
				t.Errorf("raw and %s: %s", sinks[i+1].name, diff)
			}
		}
		if s.odd || slices.ContainsFunc(codersLimits, func(what string) bool { return strings.Contains(raw.end, what) }) {
			return
		}
		if diff := raw.differsFromCoder(coder, mode); diff != "" {
			t.Errorf("ours and coder's: %s\nended by %q and %q\n%.300q", diff, raw.end, coder.end, stream)
		}
	})
}

// codersLimits are the ends that coder does not know: it accepts these. (A control frame is too long
// for us as well when its few bytes are declared in a longer form.)
var codersLimits = []string{"not UTF-8", "not in its shortest form", "control frame longer than 125 bytes"}

// outcome is what a stream led to.
type outcome struct {
	messages []string // at the hooks
	sent     []byte   // to the peer
	end      string   // OnClose's error
	fault    string   // what must not happen at all
}

func (o outcome) differs(other outcome) string {
	switch {
	case o.fault+other.fault != "":
		return o.fault + other.fault
	case !slices.Equal(o.messages, other.messages):
		return fmt.Sprintf("the hooks got\n%.2000q\n%.2000q", o.messages, other.messages)
	case o.end != other.end:
		return fmt.Sprintf("the end is\n%s\n%s", o.end, other.end)
	case !bytes.Equal(o.sent, other.sent):
		return fmt.Sprintf("the peer got\n%.2000q\n%.2000q", o.sent, other.sent)
	}
	return ""
}

// differsFromCoder compares frames, since coder compresses other messages than we do and answers a
// close frame with its reason. Where ours ends the session coder must not go on, but may end it
// otherwise. At an EOF within a message, but not within the bytes of a frame, coder takes what it has
// for a whole message.
func (o outcome) differsFromCoder(coder outcome, mode websocket.CompressionMode) string {
	frames, closing, bad := decode(o.sent, mode)
	theirs, theirClosing, theirBad := decode(coder.sent, mode)
	byPeer, lost := strings.HasPrefix(o.end, "status = "), strings.Contains(o.end, "connection lost: EOF")
	eof := strings.Contains(coder.end, "EOF") || strings.Contains(coder.end, "previous message not read to completion")
	if eof && len(coder.messages) == len(o.messages)+1 {
		coder.messages, theirs, theirBad = coder.messages[:len(o.messages)], theirs[:min(len(theirs), len(frames))], ""
	}
	switch {
	case coder.fault != "":
		return coder.fault
	case bad+theirBad != "":
		return fmt.Sprintf("the peer got bad frames: %q, %q", bad, theirBad)
	case !slices.Equal(o.messages, coder.messages):
		return fmt.Sprintf("the hooks got\n%.2000q\n%.2000q", o.messages, coder.messages)
	case !slices.Equal(frames, theirs):
		return fmt.Sprintf("the peer got\n%.2000q\n%.2000q", frames, theirs)
	case (byPeer || lost) && closing != theirClosing:
		return fmt.Sprintf("the close frames are %q and %q", closing, theirClosing)
	case lost != (closing == ""):
		return fmt.Sprintf("the close frame is %q", closing)
	}
	return ""
}

// decode reads what a peer got: the frames before the close frame, and that one's code.
func decode(sent []byte, mode websocket.CompressionMode) (frames []string, closing, bad string) {
	p := peer.New(replay{r: bytes.NewReader(sent)})
	p.Mute, p.Inflates = true, mode != websocket.CompressionDisabled
	for {
		m, err := p.Read()
		switch {
		case err == io.EOF:
			return frames, closing, ""
		case err != nil:
			return frames, closing, err.Error()
		case closing != "":
			return frames, closing, "a frame after the close frame: " + m.String()
		case m.Op == peer.OpClose:
			closing, _, _ = strings.Cut(m.String(), " ")
		default:
			frames = append(frames, fmt.Sprint(m.Op, m.Payload))
		}
	}
}

type replay struct {
	net.Conn
	r *bytes.Reader
}

func (r replay) Read(p []byte) (int, error)      { return r.r.Read(p) }
func (r replay) SetReadDeadline(time.Time) error { return nil }

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
