package middleware

import (
	"runtime"
	"strconv"
	"testing"
)

func TestOpenPerClientForgets(t *testing.T) {
	c := &openPerClient{limit: 2, open: map[string]int{}}
	for range 2 {
		if !c.add("a") || !c.add("b") {
			t.Fatal("no place")
		}
	}
	if c.add("a") {
		t.Error("a place too many")
	}
	for range 2 {
		c.remove("a")
		c.remove("b")
	}
	if len(c.open) > 0 {
		t.Errorf("still there: %v", c.open)
	}
}

// TestOpenPerClientGivesMemoryBack: one client stays where many were.
func TestOpenPerClientGivesMemoryBack(t *testing.T) {
	const clients = 100_000
	c := &openPerClient{limit: 2, open: map[string]int{}}
	before := heap()
	for i := range clients {
		if !c.add(strconv.Itoa(i)) {
			t.Fatal("no place")
		}
	}
	if grown := heap() - before; grown < 10*clients {
		t.Fatalf("%d clients take %d bytes: the test measures nothing", clients, grown)
	}
	for i := 1; i < clients; i++ {
		c.remove(strconv.Itoa(i))
	}
	if left := heap() - before; left > clients {
		t.Errorf("%d bytes are kept for one client", left)
	}
	if !c.add("0") || c.add("0") {
		t.Error("the one that stayed is not counted right")
	}
}

// heap returns the bytes in use once what is dropped has been collected.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // for what pools have kept
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
