package logtest

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// journal is a Log in memory, with a fault.
type journal struct {
	fault string

	mu      sync.Mutex
	entries []hub.Entry
	grown   chan struct{} // closed at the next Append
}

func (j *journal) Append(ctx context.Context, m hub.Message) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(m.Data) > 1<<20 && j.fault != "takes everything" {
		return hub.ErrTooLarge
	}
	if ctx.Err() != nil {
		if j.fault == "says what ctx says" {
			return ctx.Err()
		}
		return hub.ErrUnavailable
	}
	if j.fault != "keeps the publisher's Data" {
		m.Data = slices.Clone(m.Data)
	}
	if m.ID != "" && j.fault != "forgets IDs" && slices.ContainsFunc(j.entries, func(e hub.Entry) bool {
		if j.fault == "knows IDs alone" {
			return e.ID == m.ID
		}
		return e.Topic == m.Topic && e.From == m.From && e.ID == m.ID
	}) {
		return nil
	}
	seq := uint64(len(j.entries) + 1)
	e := hub.Entry{Position: hub.Position{Seq: seq, Stamp: uint64(time.Now().UnixNano())}, Message: m}
	j.entries = append(j.entries, e)
	close(j.grown)
	j.grown = make(chan struct{})
	return nil
}

// node is a journal as a node sees it.
type node struct {
	*journal
	number int
}

func (n node) Follow(ctx context.Context, t *hub.Tail) error {
	t.Start(hub.Position{})
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		n.mu.Lock()
		news, grown := slices.Clone(n.entries[t.Last().Seq:]), n.grown
		n.mu.Unlock()
		for i := range news {
			news[i] = n.broken(news[i])
		}
		if n.fault == "loses some" {
			news = slices.DeleteFunc(news, func(e hub.Entry) bool { return e.Seq%7 == 0 && e.Seq > 1 })
		}
		t.Append(news...)
		t.Synced(t.Last().Seq)
		select {
		case <-grown:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// broken returns e as the node gets it.
func (n node) broken(e hub.Entry) hub.Entry {
	switch {
	case n.fault == "stamps by the node's clock":
		e.Stamp = uint64(time.Now().UnixNano())
	case n.fault == "has no stamps":
		e.Stamp = 1
	case n.fault == "confuses topics":
		e.Topic = string(slices.Compact([]byte(e.Topic)))
	case n.fault == "has its own order" && n.number == 1:
		e.From, e.ID = e.ID, e.From
	}
	return e
}

// TestBroken: each fault of a Log is found, and one without is found sound. As a failing test fails its parents, each
// runs in a process of its own.
func TestBroken(t *testing.T) {
	leaktest.Slow(t)
	if fault, child := os.LookupEnv("LOGTEST_FAULT"); child {
		patience = time.Second // nothing comes that has not come by then
		if fault == "" {
			patience = time.Minute
		}
		Run(t, func(t *testing.T, nodes int) (logs []hub.Log) {
			j := &journal{fault: fault, grown: make(chan struct{})}
			for i := range nodes {
				logs = append(logs, node{j, i})
			}
			return logs
		})
		return
	}
	for fault, finder := range map[string]string{
		"":                           "", // all
		"takes everything":           "TooLarge",
		"says what ctx says":         "ContextEnds",
		"keeps the publisher's Data": "Content",
		"forgets IDs":                "OnceStored",
		"knows IDs alone":            "OthersStored",
		"loses some":                 "Order",
		"stamps by the node's clock": "Return",
		"has no stamps":              "Places",
		"confuses topics":            "Content",
		"has its own order":          "Order",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0], "-test.run=^TestBroken$/^"+finder, "-test.timeout=1m")
			child.Env = append(os.Environ(), "LOGTEST_FAULT="+fault)
			out, err := child.CombinedOutput()
			sound, found := err == nil, strings.Contains(string(out), "--- FAIL: TestBroken/"+finder)
			if sound != (fault == "") || found == sound {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
