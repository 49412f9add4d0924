package main

import (
	"crypto/sha1"
	"encoding/base64"
	enc "encoding/binary"
	"io"
	"net"
	"net/http"
)

// serveBare is the floor: net/http reads the request, which is hijacked and answered unseen, and then each connection
// has one goroutine and one buffer. It reads what there is, turns the whole frames in it into their echoes where they lie (the
// mask bit and key removed, the payload unmasked eight bytes at a time) and writes them with one call. It checks nothing: no
// opcode, no length, no UTF-8, no fragment, no limit; it answers a ping with a ping. Only a close frame is looked for, to end
// the connection after its echo.
func serveBare(ln net.Listener, m mode) error {
	var sessions room[net.Conn]
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		if _, err := io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(sum[:])+"\r\n"+
			"Sec-WebSocket-Protocol: "+subprotocol+"\r\n\r\n"); err != nil {
			c.Close()
			return
		}
		reply := func(p []byte) { c.Write(p) }
		if m.fanOut {
			sessions.join(c)
			reply = func(p []byte) {
				if p[0]&0x0f != text {
					c.Write(p)
					return
				}
				sessions.each(func(c net.Conn) { c.Write(p) })
			}
		}
		go func() {
			defer c.Close()
			defer sessions.leave(c)
			bareLoop(c, reply)
		}()
	}))
}

func bareLoop(r io.Reader, reply func([]byte)) {
	buf := make([]byte, 4096)
	have := 0
	for {
		n, err := r.Read(buf[have:])
		if err != nil {
			return
		}
		have += n
		echoes, used, need, closing := bareEchoes(buf[:have])
		if echoes > 0 {
			reply(buf[:echoes])
		}
		if closing {
			return
		}
		have = copy(buf, buf[used:have])
		if need > len(buf) {
			buf = append(make([]byte, 0, need), buf[:have]...)[:need]
		}
	}
}

// bareEchoes overwrites the whole masked frames at the start of b with their echoes. The echoes take the first n
// bytes, the frames took the first used. The frame that follows takes need bytes if so much of its header is in, else 0.
func bareEchoes(b []byte) (n, used, need int, closing bool) {
	for !closing {
		rest := b[used:]
		head := 2
		if len(rest) < head {
			return n, used, 0, false
		}
		size := int(rest[1] & 0x7f)
		switch size {
		case 126:
			head = 4
		case 127:
			head = 10
		}
		if len(rest) < head+4 {
			return n, used, 0, false
		}
		switch size {
		case 126:
			size = int(enc.BigEndian.Uint16(rest[2:]))
		case 127:
			size = int(enc.BigEndian.Uint64(rest[2:]))
		}
		need = head + 4 + size
		if len(rest) < need {
			return n, used, need, false
		}
		closing = rest[0]&0x0f == 0x8
		key := enc.LittleEndian.Uint32(rest[head:])
		rest[1] &= 0x7f
		n += copy(b[n:], rest[:head])
		bareUnmask(b[n:n+size], rest[head+4:need], key)
		n += size
		used += need
	}
	return n, used, 0, closing
}

// bareUnmask writes src, unmasked, to dst, which may be earlier in the same memory.
func bareUnmask(dst, src []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for len(src) >= 8 && len(dst) >= 8 {
		enc.LittleEndian.PutUint64(dst, enc.LittleEndian.Uint64(src)^wide)
		dst, src = dst[8:], src[8:]
	}
	for i := range src {
		dst[i] = src[i] ^ byte(wide>>(8*i))
	}
}
