package wsecho_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// witness is a peer that reads all along and answers nothing.
type witness struct {
	*sessiontest.Both
	t   *testing.T
	saw chan string
}

// witnessed runs test in fake time with a session over a pipe with half-close, and then with one over a pipe
// without. CloseTimeout is an hour unless h says otherwise.
func witnessed(t *testing.T, h func(t *testing.T) *wsecho.Handler, test func(w *witness)) {
	t.Helper()
	for _, over := range []sessiontest.Transport{overHalfPipe, overPipe} {
		t.Run(over.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := h(t)
				if h.CloseTimeout == 0 {
					h.CloseTimeout = time.Hour
				}
				w := &witness{sessiontest.Start(t, over, h, false), t, make(chan string, 100)}
				w.Peer.Mute, w.Peer.Timeout = true, 1000*time.Hour
				defer w.Peer.Close()
				go w.read()
				test(w)
			})
		})
	}
}

func (w *witness) read() {
	for {
		m, err := w.Peer.Read()
		switch {
		case err == nil:
			code, _, _ := strings.Cut(m.String(), " ") // whatever the reason
			w.saw <- code
			continue
		case errors.Is(err, io.EOF):
			w.saw <- "eof"
		default:
			w.saw <- err.Error()
		}
		return
	}
}

// sends sends, and waits until the server has taken it and done what it does.
func (w *witness) sends(frames ...[]byte) {
	w.t.Helper()
	if err := w.Peer.Send(peer.Join(frames...)); err != nil {
		w.t.Fatalf("the server does not take it: %v", err)
	}
	synctest.Wait()
}

// sees checks what has come since it was last asked, to the end if that has come.
func (w *witness) sees(when string, want ...string) {
	w.t.Helper()
	synctest.Wait()
	var got []string
	for len(w.saw) > 0 {
		got = append(got, <-w.saw)
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("%s the peer saw %q, want %q", when, got, want)
	}
}

// gone checks that the session is counted no more, and a second later its connection closed, though the
// peer keeps its side open.
func (w *witness) gone() {
	w.t.Helper()
	synctest.Wait()
	if n := w.Handler.Stats().Open; n != 0 {
		w.t.Error("the session is still counted")
	}
	time.Sleep(time.Second)
	synctest.Wait()
	if err := w.Peer.Send([]byte{0}); err == nil {
		w.t.Error("the connection is still open")
	}
}
