package socket

import (
	"testing"
	"unsafe"
)

// What sessions leave behind when they park must not lie between what they keep: see Reader.
func TestReaderIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Reader{}); size > 64 {
		t.Errorf("it has %d bytes", size)
	}
}
