package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// Way is a way to end a session that many sessions at once can take: the peer does it, or asks the hook, whose
// Asked it is.
type Way struct {
	Name  string
	Label string // in Stats().Ended
	Code  string // the close frame that the peer sees, as peer.Message says it; "": none
	Leave func(p *peer.Peer)

	Gone bool // the peer reads nothing from then on
	Late bool // a timeout brings it about
	Cut  bool // what the peer sent may not reach the hooks
}

func ask(what string) func(*peer.Peer) {
	return func(p *peer.Peer) { p.Send(peer.Text(what)) }
}

func send(frames ...[]byte) func(*peer.Peer) {
	return func(p *peer.Peer) { p.Send(peer.Join(frames...)) }
}

// Ways are all of them. ReadLimit must be 64 KiB.
var Ways = []Way{
	{Name: "the peer closes", Label: "peer", Code: "close:1000", Leave: send(peer.Close(1000, ""))},
	{Name: "the peer closes inside a message", Label: "peer", Code: "close:3000", Leave: send(peer.Fragment(peer.OpText, "a"), peer.Close(3000, ""))},
	{Name: "the peer ends its sending side", Label: "lost", Leave: func(p *peer.Peer) { p.CloseWrite() }},
	{Name: "the peer vanishes", Label: "lost", Leave: (*peer.Peer).Close, Gone: true, Cut: true},
	{Name: "the peer vanishes inside a frame", Label: "lost", Leave: func(p *peer.Peer) { p.Send([]byte{0x81, 0xff}); p.Close() }, Gone: true, Cut: true},
	{Name: "the peer resets", Label: "lost", Leave: (*peer.Peer).Reset, Gone: true, Cut: true},

	{Name: "Close in a hook", Label: "closed", Code: "close:4000 x", Leave: ask("close")},
	{Name: "Close from outside", Label: "closed", Code: "close:4001", Leave: ask("later")},
	{Name: "Close, and the peer is mute", Label: "closed", Code: "close:4001", Leave: func(p *peer.Peer) { p.Mute = true; p.Send(peer.Text("later")) }, Late: true},
	{Name: "a hook's error", Label: "error", Code: "close:1011", Leave: ask("error")},
	{Name: "a hook's CloseError", Label: "hook", Code: "close:4002 r", Leave: ask("CloseError")},
	{Name: "a hook's wrapped CloseError", Label: "error", Code: "close:1011", Leave: ask("wrapped")},
	{Name: "a hook panics", Label: "panic", Code: "close:1011", Leave: ask("panic")},
	{Name: "a hook calls runtime.Goexit", Label: "error", Code: "close:1011", Leave: ask("Goexit")},
	{Name: "a function of Go fails", Label: "error", Code: "close:1011", Leave: ask("go error")},
	{Name: "a function of Go panics", Label: "panic", Code: "close:1011", Leave: ask("go panic")},

	{Name: "not masked", Label: "protocol", Code: "close:1002", Leave: send([]byte{0x81, 0})},
	{Name: "not UTF-8", Label: "invalid", Code: "close:1007", Leave: send(peer.Text("\xff"))},
	{Name: "too big", Label: "too_big", Code: "close:1009", Leave: send(peer.Binary(make([]byte, 64<<10+1)))},

	{Name: "no pong", Label: "pong_timeout", Code: "close:1011", Leave: func(p *peer.Peer) { p.Mute = true }, Late: true},
	{Name: "the peer reads nothing", Label: "write_timeout", Leave: ask("flood"), Gone: true, Late: true},
}

// errAsked is what a hook returns that was asked for an error.
var errAsked = errors.New("secret: asked")

// flood is what deflate cannot shrink.
var flood = incompressible(32 << 10)

// Asked does what a Way's peer asks of the hook that got p. It says whether p was that.
func Asked(ctx context.Context, s *wsecho.Session, p []byte) (is bool, err error) {
	switch string(p) {
	case "close":
		s.Close(4000, "x")
	case "later":
		go s.Close(4001, "")
	case "error":
		err = errAsked
	case "CloseError":
		err = websocket.CloseError{Code: 4002, Reason: "r"}
	case "wrapped":
		err = fmt.Errorf("secret: %w", websocket.CloseError{Code: 4003})
	case "panic":
		panic("asked")
	case "Goexit":
		runtime.Goexit()
	case "go error":
		s.Go(func(context.Context) error { return errAsked })
	case "go panic":
		s.Go(func(context.Context) error { panic("asked") })
	case "flood":
		for err == nil {
			err = s.Write(ctx, websocket.MessageBinary, flood)
		}
	default:
		return false, nil
	}
	return true, err
}
