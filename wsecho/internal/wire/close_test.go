package wire

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// unmasked is a frame after which nobody knows where the next one begins.
var unmasked = peer.Frame{First: peer.Fin | peer.OpText, Unmasked: true}.Bytes()

// lingers checks that the socket stays open for lingerTime from now, and no longer. In fake time.
func (r *rig) lingers() {
	r.t.Helper()
	time.Sleep(lingerTime - time.Nanosecond)
	if synctest.Wait(); has(r.gone) {
		r.t.Error("the socket is closed too early")
	}
	time.Sleep(time.Nanosecond)
	if synctest.Wait(); !has(r.gone) {
		r.t.Error("the socket is still open")
	}
}

// staysOpen checks that the socket is not closed before the peer has ended its side, in real time: on a busy machine
// the second that the peer has for that may be over since sent, before it sent its close frame.
func (r *rig) staysOpen(sent time.Time) {
	r.t.Helper()
	if has(r.gone) && time.Since(sent) < time.Second {
		r.t.Error("the socket is closed before the peer has ended its side")
	}
}

// drained waits until what the peer has sent has been read, of a raw socket.
func (r *rig) drained() {
	r.t.Helper()
	await.Poll(r.t, "all is read", func() bool {
		n, _ := r.sock.Unread()
		return n == 0
	})
}

// Our sending side ends after both close frames. Then the connection counts as closed, though its socket is
// still open for what the peer may yet send.
func TestShutAfterBothCloseFrames(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		r := start(t, over, config(), nil)
		r.End(by(4000))
		r.sees("close:4000")
		r.sends(peer.Text("late"), peer.Ping("late"), peer.Close(1000, "")[:5])
		if r.sock.Raw() {
			r.drained()
		}
		if shut := under(r, func() bool { return r.out.shut || r.peerDone || r.told }); shut {
			t.Fatal("shut before the peer's close frame")
		}
		r.endsAs("closed") // which the peer is not asked for
		sent := time.Now()
		r.sends(peer.Close(1000, "")[5:])
		r.sees("eof")
		await.Value(t, "Closed", r.h.closed)
		r.staysOpen(sent)
		r.peer.CloseWrite()
		await.Value(t, "the socket is closed", r.gone)
		if has(r.h.messages) {
			t.Error("a message was handed over after the end")
		}
	})
}

// The peer closes, and we answer.
func TestPeerCloses(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		r := start(t, over, config(), nil)
		sent := time.Now()
		r.sends(peer.Text("last"), peer.Close(4321, "bye"), peer.Text("never"))
		r.sees("close:4321", "eof")
		await.Value(t, "Closed", r.h.closed)
		r.staysOpen(sent)
		r.endsAs("peer")
		r.gets("last")
		r.peer.CloseWrite()
		await.Value(t, "the socket is closed", r.gone)
		if has(r.h.messages) {
			t.Error("a message was handed over after the close frame")
		}
	})
}

// A peer that leaves it to us to close the socket has lingerTime, whoever closed first, or broke what.
func TestLinger(t *testing.T) {
	for name, c := range map[string]struct {
		first bool // our close frame leaves first
		last  []byte
		sees  string
	}{
		"our close first":                   {true, peer.Close(1000, ""), "close:4000"},
		"the peer's close first":            {false, peer.Close(1000, ""), "close:1000"},
		"a close frame that is wrong":       {false, peer.Close(1006, ""), "close:1002 close code that may not be sent"},
		"a violation: nobody is waited for": {false, unmasked, "close:1002 frame not masked"},
		"a violation after our close":       {true, unmasked, "close:4000"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, config(), nil, func(r *rig) {
				if c.first {
					r.End(by(4000))
					r.sees(c.sees)
					time.Sleep(time.Hour)
					if has(r.h.closed) {
						t.Fatal("the peer is not waited for")
					}
				}
				go r.peer.Send(c.last) // to a pipe one cannot write and be written to at once
				if !c.first {
					r.sees(c.sees)
				}
				r.sees("eof")
				if synctest.Wait(); !has(r.h.closed) || !has(r.h.ended) {
					t.Error("not closed, with both sides through")
				}
				r.lingers()
			})
		})
	}
}

// Where the boundaries of frames are lost, the sending side is shut at once, on any connection.
func TestViolation(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		r := start(t, over, config(), nil)
		r.sends(unmasked)
		r.sees("close:1002 frame not masked", "eof")
		await.Value(t, "Closed", r.h.closed)
		r.endsAs("protocol")
	})
}

// What is wrong with a message leaves the boundaries of frames known: the peer's close frame is waited for.
func TestWrongMessage(t *testing.T) {
	for sees, frames := range map[string][]byte{
		"close:1007 text is not UTF-8": peer.Text("\xff and more"), "close:1009 message too big": peer.Binary(make([]byte, 2000)),
	} {
		everyVia(t, func(t *testing.T, over via) {
			r := start(t, over, config(func(cfg *Config) { cfg.ReadLimit = 1000 }), nil)
			r.sends(frames[:8])
			r.sees(sees)
			r.sends(frames[8:], peer.Text("late"))
			if r.sock.Raw() {
				r.drained()
			}
			if under(r, func() bool { return r.out.shut || r.told }) {
				t.Error("shut before the peer's close frame")
			}
			r.sends(peer.Close(1000, ""))
			r.sees("eof")
			await.Value(t, "Closed", r.h.closed)
		})
	}
}

// A peer that does not answer is told why, but not waited for.
func TestHopelessEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e    *End
		sees []string
	}{
		{pongTimeout, []string{"close:1011", "eof"}}, {writeTimeout, []string{"eof"}},
	} {
		check := func(r *rig) {
			r.End(c.e)
			r.sees(c.sees...)
			r.endsAs(c.e.Label, c.e.Err)
			await.Value(r.t, "the socket is closed", r.gone)
			await.Value(r.t, "Closed", r.h.closed)
		}
		for _, over := range []via{viaTCP, viaUnix} {
			t.Run(over.name, func(t *testing.T) {
				t.Parallel()
				check(start(t, over, config(), nil))
			})
		}
		t.Run(viaPipe.name, func(t *testing.T) { // in fake time: the peer has abortGrace to take our close frame
			bubble(t, config(), nil, check)
		})
	}
}

// Nor is one whose connection has ended, at whatever byte.
func TestPeerGoes(t *testing.T) {
	for name, last := range map[string][]byte{"between frames": nil, "in its close frame": peer.Close(1000, "")[:7], "in a message": peer.Text("m")[:3]} {
		t.Run(name, func(t *testing.T) {
			for _, ours := range []bool{true, false} {
				everyVia(t, func(t *testing.T, over via) {
					r := start(t, over, config(), nil)
					if ours {
						r.End(by(4000))
						r.sees("close:4000")
					}
					if len(last) > 0 {
						r.sends(last)
					}
					r.peer.CloseWrite()
					r.sees("eof")
					await.Value(t, "the socket is closed", r.gone)
					await.Value(t, "Closed", r.h.closed)
					if ours {
						r.endsAs("closed")
					} else {
						r.endsAs("lost", io.EOF)
					}
				})
			}
		})
	}
}

// Only the first End counts. What is written after it is refused, and says why.
func TestFirstEndCounts(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		r := start(t, over, config(), nil)
		if !r.End(by(4000)) || r.End(by(4001)) {
			t.Error("not the first counts")
		}
		err := r.TryWrite(1, []byte("late"))
		var e WriteError
		if !errors.As(err, &e) || !e.Of(r.Conn) || !e.Ended() || !errors.Is(err, net.ErrClosed) || !errors.Is(err, by(4000).Err) {
			t.Errorf("TryWrite: %v", err)
		}
		r.sees("close:4000")
		r.sends(peer.Close(1000, ""))
		r.sees("eof")
		r.endsAs("closed", by(4000).Err)
	})
}

// Where a write has failed, what the peer still says is heard. Once it has closed nothing more is awaited.
func TestPeerClosesAfterWriteFailed(t *testing.T) {
	bubble(t, config(), nil, func(r *rig) {
		r.server.SetWriteDeadline(past)
		r.TryWrite(1, []byte("m"))
		synctest.Wait()
		r.sends(peer.Text("heard"), peer.Close(1000, ""))
		r.gets("heard")
		r.endsAs("peer")
		if synctest.Wait(); !has(r.h.closed) {
			t.Error("not closed")
		}
		r.lingers()
	})
}
