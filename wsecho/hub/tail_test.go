package hub

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// A Tail held against a plain list, through appending, trimming and starting anew.
func TestTailAgainstList(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		tail := &Tail{maxBytes: entryBytes * (1 + r.IntN(200))}
		var list []*entry
		seq := uint64(0)
		for range 400 {
			switch r.IntN(20) {
			case 0:
				seq = uint64(r.IntN(1000))
				tail.Start(Position{seq, 1})
				list = nil
			default:
				for range r.IntN(20) {
					seq += 1 + uint64(r.IntN(2))
					e := Entry{Position{seq, seq}, Message{Topic: fmt.Sprint(r.IntN(5))}}
					tail.Append(e, e) // the second is there already
					list = append(list, &entry{Entry: e})
				}
			}
			list = list[len(list)-tail.ring.n:]
			checkTail(t, tail, list)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

// checkTail holds all that can be asked of a Tail against what is in it.
func checkTail(t *testing.T, tail *Tail, list []*entry) {
	t.Helper()
	bytes := 0
	for i, e := range list {
		if tail.ring.at(i).Position != e.Position {
			t.Errorf("entry %d is %v, want %v", i, tail.ring.at(i).Position, e.Position)
		}
		bytes += e.bytes()
	}
	if tail.bytes != bytes || bytes > tail.maxBytes && len(list) > 0 {
		t.Errorf("%d bytes, want %d of %d", tail.bytes, bytes, tail.maxBytes)
	}
	x := tail.extent()
	after := x.floor.Seq + (x.last.Seq-x.floor.Seq)/2
	for topic := range 5 {
		name := fmt.Sprint(topic)
		var want, all []uint64
		for _, e := range list {
			if e.Topic == name {
				if all = append(all, e.Seq); e.Seq > after {
					want = append(want, e.Seq)
				}
			}
		}
		es, ok := tail.missed([]wanted{{name, after}}, x.epoch, x.last.Seq, len(want))
		if !ok || !slices.Equal(seqs(es), want) {
			t.Errorf("missed %v, want %v", seqs(es), want)
		}
		if _, ok := tail.missed([]wanted{{name, after}}, x.epoch, x.last.Seq, len(want)-1); ok && len(want) > 0 {
			t.Error("more than the limit is whole")
		}
		if got := seqs(tail.recent(name, 1000)); !slices.Equal(got, all) {
			t.Errorf("recent %v, want %v", got, all)
		}
	}
	buf := make([]*entry, 1000)
	n, ok := tail.next(x.epoch, x.floor.Seq, buf)
	if !ok || !slices.Equal(seqs(buf[:n]), seqs(list)) {
		t.Error("next is not what is there")
	}
}

func seqs(es []*entry) (all []uint64) {
	for _, e := range es {
		all = append(all, e.Seq)
	}
	return all
}

// Who holds an entry keeps none of those around it alive, whether they have been trimmed or come later.
func TestTrimmedIsFree(t *testing.T) {
	tail := &Tail{maxBytes: 3 * entryBytes} // for two
	var freed atomic.Int32
	var held *entry
	for seq := range uint64(100) {
		tail.Append(Entry{Position{seq + 1, 1}, Message{Topic: "a"}})
		e := tail.ring.at(tail.ring.n - 1)
		runtime.AddCleanup(e, func(int) { freed.Add(1) }, 0)
		if seq == 50 {
			held = e
		}
	}
	for end := time.Now().Add(10 * time.Second); freed.Load() < 97 && time.Now().Before(end); {
		runtime.GC() // all but two in the ring, and held
	}
	if n := freed.Load(); n != 97 || held.prev != nil || held.next != nil {
		t.Errorf("%d of 100 were freed", n)
	}
	runtime.KeepAlive(tail)
}
