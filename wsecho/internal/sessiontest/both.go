package sessiontest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// Both is one session seen from both ends.
type Both struct {
	Handler *wsecho.Handler
	Session *wsecho.Session
	Peer    *peer.Peer
	Ended   chan error // gets OnClose's error, once
	Log     *Log       // what the Handler logged, unless it had a Logger

	deflate bool
	sent    chan struct{} // closed when the last Send is done
}

// Start serves h and opens a session with it. The hooks that h has run as well.
func Start(t *testing.T, over Transport, h *wsecho.Handler, deflate bool) *Both {
	t.Helper()
	b := &Both{Handler: h, Ended: make(chan error, 1), Log: new(Log), deflate: deflate}
	if h.Logger == nil {
		h.Logger = b.Log.Logger()
	}
	opened := make(chan *wsecho.Session, 1)
	onOpen, onClose := h.OnOpen, h.OnClose
	h.OnOpen = func(s *wsecho.Session, r *http.Request) error {
		opened <- s
		if onOpen == nil {
			return nil
		}
		return onOpen(s, r)
	}
	closes := new(atomic.Int32)
	h.OnClose = func(ctx context.Context, s *wsecho.Session, err error) {
		if onClose != nil {
			defer onClose(ctx, s, err)
		}
		if closes.Add(1) > 1 {
			t.Errorf("OnClose again: %v", err)
			return
		}
		b.Ended <- err
	}
	header := http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}}
	if deflate {
		header.Set("Sec-WebSocket-Extensions", peer.Offer)
		h.Compression = websocket.CompressionContextTakeover
	}
	status, answer, p := over.Serve(t, h)(t, header)
	if p == nil {
		t.Fatalf("handshake: status %d, %v", status, answer)
	}
	t.Cleanup(func() { h.Close() })
	if got := answer.Get("Sec-WebSocket-Protocol"); got != wsecho.DefaultSubprotocol {
		t.Errorf("subprotocol %q", got)
	}
	if got := strings.Contains(answer.Get("Sec-WebSocket-Extensions"), "permessage-deflate"); got != deflate {
		t.Fatalf("extensions %q", answer.Get("Sec-WebSocket-Extensions"))
	}
	p.Inflates = deflate
	b.Peer, b.Session = p, <-opened
	return b
}

// Text is a text message, compressed if the session is.
func (b *Both) Text(s string) []byte {
	if b.deflate {
		return peer.Compressed(peer.OpText, []byte(s))
	}
	return peer.Text(s)
}

// Send sends bytes after all that was sent before, without waiting: over a pipe the server may
// not take them before the peer has read what the server sends.
func (b *Both) Send(frames ...[]byte) {
	before, done := b.sent, make(chan struct{})
	b.sent = done
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		b.Peer.Send(peer.Join(frames...))
	}()
}

// End is how a session must end.
type End struct {
	Frames []string         // what the peer saw before the close frame, but for pings
	Code   int              // the close frame that ended it; 0: none; 1005: one without a body
	Reason string           // its reason; "*": any
	Cut    bool             // the close frame may be missing, and the end be a reset
	Label  string           // in Stats().Ended
	Err    func(error) bool // OnClose's error
}

// CheckPeer reads what the peer saw until the end: the frames, one close frame, nothing after it.
func (b *Both) CheckPeer(t *testing.T, want End) {
	t.Helper()
	got := slices.DeleteFunc(b.Peer.Rest(), func(m string) bool { return strings.HasPrefix(m, "ping:") })
	if b.sent != nil {
		<-b.sent
	}
	last := len(got) - 1
	if got[last] != "eof" && !(want.Cut && (got[last] == "reset" || got[last] == "cut")) {
		t.Errorf("the peer saw the end as %q, all: %q", got[last], got)
	}
	got = got[:last]
	closing := ""
	if last := len(got) - 1; last >= 0 && strings.HasPrefix(got[last], "close") {
		closing, got = got[last], got[:last]
	}
	if !slices.Equal(got, want.Frames) {
		t.Errorf("the peer saw %q before the close frame %q, want %q", got, closing, want.Frames)
	}
	expect := fmt.Sprintf("close:%d %s", want.Code, want.Reason)
	switch {
	case want.Code == 0:
		expect = ""
	case want.Code == 1005:
		expect = "close"
	case want.Reason == "":
		expect = strings.TrimSuffix(expect, " ")
	case want.Reason == "*":
		if code, _, _ := strings.Cut(closing, " "); code == fmt.Sprintf("close:%d", want.Code) {
			return
		}
	}
	if closing != expect && !(want.Cut && closing == "") {
		t.Errorf("the peer saw the close frame %q, want %q", closing, expect)
	}
}

// CheckHooks waits for OnClose and checks its error, which tells the code of the close frame and the label, that
// Write and the session's context tell the same, and that nothing of the session is left.
func (b *Both) CheckHooks(t *testing.T, want End) {
	t.Helper()
	select {
	case err := <-b.Ended:
		switch {
		case err == nil:
			t.Error("OnClose got no error")
		case want.Err != nil && !want.Err(err):
			t.Errorf("OnClose got %T: %v", err, err)
		}
		b.checkCause(t, err, want)
	case <-time.After(await.Patience):
		t.Fatal("OnClose never ran")
	}
	b.Gone(t)
	if got := b.Handler.Stats().Ended; !maps.Equal(nonzero(got), map[string]uint64{want.Label: 1}) {
		t.Errorf("Stats().Ended is %v, want %s: 1", got, want.Label)
	}
}

// checkCause checks what is known of the end wherever it is told.
func (b *Both) checkCause(t *testing.T, err error, want End) {
	t.Helper()
	code := websocket.StatusCode(cmp.Or(want.Code, -1))
	write := b.Session.Write(context.Background(), websocket.MessageText, nil)
	for where, err := range map[string]error{
		"OnClose's error": err, "the context's cause": context.Cause(b.Session.Context()), "Write's error": write,
		"an error that wraps OnClose's": fmt.Errorf("closing: %w", err),
	} {
		if got := websocket.CloseStatus(err); got != code {
			t.Errorf("%s tells the code %d, want %d: %v", where, got, code, err)
		}
		if got := wsecho.Cause(err); got != want.Label {
			t.Errorf("%s tells the cause %q, want %q: %v", where, got, want.Label, err)
		}
		if want.Err != nil && !want.Err(err) {
			t.Errorf("%s is %T: %v", where, err, err)
		}
	}
	if !errors.Is(write, net.ErrClosed) {
		t.Errorf("after the end Write says %v", write)
	}
}

// Gone waits until the Handler counts no session.
func (b *Both) Gone(t *testing.T) {
	t.Helper()
	await.Poll(t, "no session is counted", func() bool { return b.Handler.Stats().Open == 0 })
	for s := range b.Handler.Sessions() {
		t.Errorf("Sessions still lists %v", s)
	}
}

// Check reads both ends.
func (b *Both) Check(t *testing.T, want End) {
	t.Helper()
	b.CheckPeer(t, want)
	b.Peer.Close()
	b.CheckHooks(t, want)
}

func nonzero(m map[string]uint64) map[string]uint64 {
	m = maps.Clone(m)
	maps.DeleteFunc(m, func(_ string, n uint64) bool { return n == 0 })
	return m
}
