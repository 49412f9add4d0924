package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// honest are the servers of a real run; the liars of liars_test.go are added for their processes to find.
var honest = slices.Clone(peers)

func TestMain(m *testing.M) {
	for _, l := range liars {
		peers = append(peers, l.peer)
	}
	if len(os.Args) > 1 && (os.Args[1] == serveCommand || os.Args[1] == floodCommand) {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// tiny is a plan whose figures mean nothing.
func tiny() plan {
	p := thorough()
	p.peers = honest
	p.rounds, p.warm, p.span, p.quiet = 1, time.Millisecond, 5*time.Millisecond, 0
	p.listeners, p.idlers = 20, 20
	return p
}

func TestEveryServerAtEveryColumn(t *testing.T) {
	p := tiny()
	r, err := p.run(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.columns {
		for _, peer := range p.peers {
			s, ok := r.median(c, peer)
			switch {
			case !c.measures(peer):
				if ok {
					t.Errorf("%s, %s: measured", c.name, peer.name)
				}
			case !ok:
				t.Errorf("%s, %s: not measured", c.name, peer.name)
			case c.idle():
				if peer.kind == goroutines && s.goroutines < 1 {
					t.Errorf("%s: %.2f goroutines a session", peer.name, s.goroutines)
				}
			case s.cpu <= 0 || s.rate <= 0:
				t.Errorf("%s, %s: %+v", c.name, peer.name, s)
			}
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(table(p, r)), "\n")[2:] {
		if got, want := strings.Count(line, "|"), len(p.columns)+4; got != want {
			t.Errorf("%d bars, not %d, in %q", got, want, line)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(chart(p, r))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("chart: %v", err)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
		says string // on standard error
	}{
		{"-only flips -columns ping-pong -short -rounds 100", 1, "ping-pong 64 B: flips: wrong echo"},
		{"-only nobody", 2, `no "nobody" among`},
		{"-columns nothing", 2, `no "nothing" among ping-pong, `},
		{"-short extra", 2, `unexpected argument "extra"`},
		{"-help", 0, "-svg"},
	} {
		var out, progress bytes.Buffer
		if code := run(strings.Fields(test.args), &out, &progress); code != test.code {
			t.Errorf("%s: exit code %d, want %d", test.args, code, test.code)
		}
		if !strings.Contains(progress.String(), test.says) {
			t.Errorf("%s: printed %q, want %q", test.args, progress.String(), test.says)
		}
		if out.Len() > 0 {
			t.Errorf("%s: a table in spite of it: %s", test.args, out.String())
		}
	}
}
