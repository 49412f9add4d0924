package deflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/pool"
)

// records is n bytes of JSON, as services send it.
func records(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	names := strings.Fields("alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor walter")
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, `{"id":%d,"user":"%s","price":%.2f,"at":"2026-11-%02dT%02d:%02d:%02dZ","tags":["%s","%s"],"open":%t},`,
			r.IntN(1e6), names[r.IntN(len(names))], r.Float64()*1000, 1+r.IntN(30), r.IntN(24), r.IntN(60), r.IntN(60),
			names[r.IntN(len(names))], names[r.IntN(len(names))], r.IntN(2) == 0)
	}
	return b[:n]
}

// BenchmarkInflate reports the throughput in bytes received, since those are what a peer pays for.
func BenchmarkInflate(b *testing.B) {
	tables := func() []byte { // blocks that are all tables
		var z bytes.Buffer
		w, _ := flate.NewWriter(&z, flate.HuffmanOnly)
		for i := range 1000 {
			w.Write(records(uint64(i), 130))
			w.Flush()
		}
		return z.Bytes()
	}
	for _, v := range []struct {
		name string
		p    []byte
	}{
		{"JSON of 1000 bytes", peer.Deflate(records(1, 1000))},
		{"JSON of 64 KiB", peer.Deflate(records(1, 64<<10))},
		{"JSON of 1 MiB", peer.Deflate(records(1, 1<<20))},
		{"1 MiB of zeros", peer.Deflate(make([]byte, 1<<20))},
		{"tables", tables()},
		{"final blocks", append(bytes.Repeat([]byte("\x4b\x04\x00"), 20_000), 0)},
		{"empty final blocks", append(bytes.Repeat([]byte("\x03\x00"), 20_000), 0)},
	} {
		b.Run(v.name, func(b *testing.B) {
			z := &Inflater{keep: true, window: make([]byte, windowSize)}
			b.SetBytes(int64(len(v.p)))
			b.ReportAllocs()
			for b.Loop() {
				msg, err := z.Inflate(v.p, -1)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(*msg))/float64(len(v.p)), "ratio")
				pool.Free(msg)
			}
		})
	}
}

// BenchmarkDeflate shows what a window smaller than compress/flate's costs.
func BenchmarkDeflate(b *testing.B) {
	for _, size := range []int{600, 4000, 64 << 10} {
		for _, keep := range []bool{true, false} {
			for bits := 8; bits <= 15; bits++ {
				b.Run(fmt.Sprintf("%d bytes/takeover %t/%d bits", size, keep, bits), func(b *testing.B) {
					z := &Deflater{keep: keep, window: 1 << bits}
					var messages [16][]byte
					for i := range messages {
						messages[i] = records(uint64(i), size)
					}
					b.SetBytes(int64(size))
					in, out, i := 0, 0, 0
					for b.Loop() {
						out += len(z.Deflate(messages[i%len(messages)]))
						in += size
						i++
						z.Done()
					}
					b.ReportMetric(float64(out)/float64(in)*100, "%size")
				})
			}
		}
	}
}
