//go:build unix

package wsecho_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/peer"
)

// cutsMax is how often a stream is cut at most. Each time the peer waits until what it has sent is read.
const cutsMax = 64

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
		cuts = cuts[:min(len(cuts), cutsMax)]
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
