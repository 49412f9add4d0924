package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// Every flood over every route beside honest clients, all of whose echoes come and are right.
func TestNeighbours(t *testing.T) {
	var out bytes.Buffer
	args := "-only wsecho,gorilla -honest 3 -flooders 2 -span 100ms"
	if err := neighbours(strings.Fields(args), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")[1:]
	if want := len(floods) * (2*len(namedRoutes) - 1); len(rows) != want {
		t.Errorf("%d rows, not %d:\n%s", len(rows), want, &out)
	}
	for _, row := range rows {
		if f := strings.Fields(row); len(f) != 9 || f[5] == "0" || f[8] == "0" {
			t.Errorf("an odd row: %q", row)
		}
	}
	for args, says := range map[string]string{"-only nobody": `"nobody"`, "-floods drought": `"drought"`, "-over land": `"land"`} {
		if err := neighbours(strings.Fields(args), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestPercentile(t *testing.T) {
	var ms []time.Duration
	for i := range 101 {
		ms = append(ms, time.Duration(i)*time.Millisecond)
	}
	for of, want := range map[int]time.Duration{0: 0, 50: 50 * time.Millisecond, 99: 99 * time.Millisecond, 100: 100 * time.Millisecond} {
		if got := percentile(ms, of); got != want {
			t.Errorf("%d: %v, want %v", of, got, want)
		}
	}
}
