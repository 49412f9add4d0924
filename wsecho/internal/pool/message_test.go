package pool

import "testing"

// A message's buffer is the smallest that does, empty, and no larger one is kept than there are pools for.
func TestMessageBuffers(t *testing.T) {
	for range 3 { // a pool may lose what it is given
		for _, have := range []int{0, 1, 4 << 10, 5000, 64 << 10, 64<<10 + 1, 1 << 20, 1<<20 + 1, 3 << 20} {
			b := make([]byte, have)
			Free(&b)
			for _, v := range []struct{ n, size int }{
				{0, 4 << 10}, {1, 4 << 10}, {4 << 10, 4 << 10}, {4<<10 + 1, 64 << 10}, {64 << 10, 64 << 10}, {64<<10 + 1, 256 << 10},
				{256<<10 + 1, 1 << 20}, {1 << 20, 1 << 20}, {1<<20 + 1, 1<<20 + 1}, {3 << 20, 3 << 20},
			} {
				b := Message(v.n)
				if len(*b) != 0 || cap(*b) != v.size {
					t.Fatalf("for %d bytes: %d of %d, want 0 of %d", v.n, len(*b), cap(*b), v.size)
				}
				*b = append(*b, 'x')
				Free(b)
			}
		}
	}
}
