package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// honest are the servers of a real run; the liars of liars_test.go are added for their processes to find.
var honest = slices.Clone(servers)

func TestMain(m *testing.M) {
	servers = append(servers, liars...)
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	// A race in a server ends it, which the driver notices; and a process that was built with -race does not wait a second at its end.
	os.Setenv("GORACE", "halt_on_error=1 atexit_sleep_ms=20")
	os.Exit(m.Run())
}

func TestEveryServerAtEveryColumn(t *testing.T) {
	p := tiny()
	p.servers = honest
	r, err := p.run(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.columns {
		for _, s := range p.servers {
			for _, f := range c.figures {
				switch m, ok := r.median(c, s, f); {
				case ok != c.measures(s):
					t.Errorf("%s, %s, %s: measured: %v", c.name, s.name, f.name, ok)
				case ok && f.name != "bytes" && m.server <= 0: // so little memory may be given back meanwhile
					t.Errorf("%s, %s, %s: %v", c.name, s.name, f.name, m)
				case ok && f.name == "cpu" && (m.nats > 0) != s.nats:
					t.Errorf("%s, %s: a nats-server that used %v", c.name, s.name, m.nats)
				}
			}
		}
	}
	shown := strings.Split(strings.TrimSpace(table(p, r)), "\n")
	if len(shown) != len(honest)+2 {
		t.Errorf("%d lines in %q", len(shown), shown)
	}
	for _, line := range shown {
		if strings.Count(line, "|") != strings.Count(shown[0], "|") {
			t.Errorf("%q has other columns than %q", line, shown[0])
		}
	}
}

func TestMissingMessage(t *testing.T) {
	p := tiny()
	p.patience = 3 * time.Second
	p.servers = slices.DeleteFunc(slices.Clone(servers), func(s server) bool { return s.name != "never" })
	if _, err := p.run(io.Discard); err == nil || !strings.Contains(err.Error(), "never: missing message: ") {
		t.Error(err)
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
		says string // on standard error
	}{
		{"-short -only twice -columns rooms", 1, "twice: wrong message: "},
		{"-short -only stale -columns rooms", 1, "stale: wrong message: "},
		{"-only nobody", 2, `nothing is left`},
		{"-short extra", 2, `unexpected argument "extra"`},
		{"-help", 0, "-columns"},
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
