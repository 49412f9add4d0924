package frame

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// naiveUnmask is RFC 6455 section 5.3 to the letter.
func naiveUnmask(p []byte, key [4]byte, at int) {
	for i := range p {
		p[i] ^= key[(at+i)%4]
	}
}

func TestUnmask(t *testing.T) {
	key := [4]byte{0x81, 0x02, 0xf3, 0x44}
	plain := make([]byte, 300)
	for i := range plain {
		plain[i] = byte(i * 7)
	}
	for n := range 130 {
		for offset := range 9 { // of p in memory
			for at := range 4 { // of p in the frame
				got, want := bytes.Clone(plain), bytes.Clone(plain)
				naiveUnmask(want[offset:offset+n], key, at)
				turned := binary.LittleEndian.Uint32([]byte{key[at], key[(at+1)%4], key[(at+2)%4], key[(at+3)%4]})
				next := Unmask(got[offset:offset+n], turned)
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes at %d, %d in the frame: differs", n, offset, at)
				}
				if b := binary.LittleEndian.AppendUint32(nil, next); b[0] != key[(at+n)%4] || b[1] != key[(at+n+1)%4] || b[3] != key[(at+n+3)%4] {
					t.Fatalf("%d bytes, %d in the frame: the key is turned to % x", n, at, b)
				}
			}
		}
	}
}

func FuzzUnmask(f *testing.F) {
	f.Add([]byte("some bytes that a peer may send, more than thirty-two of them"), uint32(0x01020304), uint(7))
	f.Add([]byte{}, uint32(0), uint(0))
	f.Fuzz(func(t *testing.T, p []byte, k uint32, cut uint) {
		want := bytes.Clone(p)
		naiveUnmask(want, [4]byte(binary.LittleEndian.AppendUint32(nil, k)), 0)
		i := int(cut % uint(len(p)+1))
		if Unmask(p[i:], Unmask(p[:i], k)); !bytes.Equal(p, want) {
			t.Errorf("cut at %d of %d: differs", i, len(p))
		}
	})
}
