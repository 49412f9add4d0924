package socket

import (
	"errors"
	"runtime"
	"sync"
)

// ErrNotReady is a Reader's error when there is nothing to read now.
var ErrNotReady = errors.New("wsecho: nothing to read")

// Buffer is where a Reader puts what it reads. It need not have any memory but between Space and Took.
type Buffer interface {
	// Space is where the next bytes go. plain says that it will be held for as long as the read waits.
	Space(plain bool) []byte
	// Took follows each Space: n bytes of it have been filled. 0: it can go again.
	Took(n int)
}

// Reader reads a Socket into a Buffer. A raw socket asks for space only when there is something to read, and
// gives it back before it waits.
//
// It has 64 bytes at most: each session that comes leaves one behind when it parks, and in the next size class
// of the heap those would be holes between what stays.
type Reader struct {
	sock *Socket
	buf  Buffer
	ran  int32 // bytes since it last waited, or yielded; no more than fairShare is told from it
	wait bool  // whether the read under way waits
	raw  rawRead
}

// fairShare is how many bytes a Reader reads without a wait before it lets others have the processor. The
// scheduler would take it away after 10 ms alone: beside peers that send without a pause, ten times as long
// as the honest ones of a busy server would wait otherwise.
const fairShare = 32 << 10

var readers = sync.Pool{New: func() any {
	r := new(Reader)
	r.initRaw()
	return r
}}

// NewReader returns a Reader that is good until Free.
func NewReader(s *Socket, b Buffer) *Reader {
	r := readers.Get().(*Reader)
	r.sock, r.buf, r.ran = s, b, 0
	return r
}

// Free ends the use of a Reader.
func (r *Reader) Free() {
	r.sock, r.buf = nil, nil
	readers.Put(r)
}

// Read waits for bytes, unless wait is false: then a raw socket that has none gives ErrNotReady.
func (r *Reader) Read(wait bool) (n int, err error) {
	if r.ran >= fairShare {
		r.ran = 0
		runtime.Gosched()
	}
	if r.sock.raw != nil {
		r.wait = wait
		n, err = r.readRaw()
	} else {
		n, err = r.sock.conn.Read(r.buf.Space(true))
		r.buf.Took(n)
	}
	r.ran += int32(min(n, fairShare))
	return n, err
}
