package socket

import (
	"errors"
	"runtime"
	"sync"
	"time"
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
	sock   *Socket
	buf    Buffer
	ran    int32 // bytes since it last waited, or yielded
	yields uint8 // since it last waited, modulo yieldsTold
	idle   uint8 // how often in a row nobody wanted the processor that it yielded, up to maxIdle
	raw    rawRead
}

// rawRead is what a Reader needs to read a raw socket.
type rawRead struct {
	brief bool // what is read is dealt with soon
	wait  bool // whether the read under way waits
	tell  bool // the next read is told to the runtime: see readNow
	n     int32
	err   error
	try   func(fd uintptr) bool // Reader.tryRead, made once: a method value costs an allocation
}

// fairShare is how many bytes a Reader reads without a wait before it lets others have the processor. The
// scheduler would take it away after 10 ms alone: beside peers that send without a pause, ten times as long
// as the honest ones of a busy server would wait otherwise.
//
// Where nobody else wants it, to yield is a twentieth of the work of a large message: the runtime wakes a thread that
// looks for some. So each time that it comes back within alone the share doubles, maxIdle times at most.
const (
	fairShare = 32 << 10
	maxIdle   = 3
	alone     = 10 * time.Microsecond
)

var readers = sync.Pool{New: func() any {
	r := new(Reader)
	r.initRaw()
	return r
}}

// NewReader returns a Reader that is good until Free. brief says that the caller deals soon with what it reads, whatever that
// is; otherwise the runtime is told of each read that comes after a wait: see readNow.
func NewReader(s *Socket, b Buffer, brief bool) *Reader {
	r := readers.Get().(*Reader)
	r.sock, r.buf = s, b
	r.ran, r.yields, r.idle = 0, 0, 0
	r.raw.brief, r.raw.tell = brief, !brief
	return r
}

// Free ends the use of a Reader.
func (r *Reader) Free() {
	r.sock, r.buf = nil, nil
	readers.Put(r)
}

// Read waits for bytes, unless wait is false: then a raw socket that has none gives ErrNotReady.
func (r *Reader) Read(wait bool) (n int, err error) {
	if r.ran >= fairShare<<r.idle {
		r.yield()
	}
	if r.sock.raw != nil {
		r.raw.wait = wait
		n, err = r.readRaw()
	} else {
		n, err = r.sock.conn.Read(r.buf.Space(true))
		r.buf.Took(n)
	}
	r.ran += int32(min(n, fairShare<<maxIdle))
	return n, err
}

// waits notes that there is nothing to read.
func (r *Reader) waits() {
	r.ran, r.yields = 0, 0
	r.raw.tell = !r.raw.brief
}

// yieldsTold is of how many yields without a wait between them one is followed by a read that the runtime is told of.
const yieldsTold = 8

// yield lets others have the processor.
func (r *Reader) yield() {
	r.ran = 0
	if r.yields++; r.yields == yieldsTold {
		r.yields, r.raw.tell = 0, true
	}
	begin := time.Now()
	runtime.Gosched()
	if time.Since(begin) > alone {
		r.idle = 0
	} else if r.idle < maxIdle {
		r.idle++
	}
}
