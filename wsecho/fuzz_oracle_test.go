//go:build unix

package wsecho_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/peer"
)

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
			frames = append(frames, fmt.Sprintf("%d %s", m.Op, m.Payload))
		}
	}
}

type replay struct {
	net.Conn
	r *bytes.Reader
}

func (r replay) Read(p []byte) (int, error)      { return r.r.Read(p) }
func (r replay) SetReadDeadline(time.Time) error { return nil }
