package peertest

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// framer is an HTTP/2 client by hand: what goes over the wire is what a test says.
type framer struct {
	t        testing.TB
	conn     net.Conn
	fr       *http2.Framer
	block    bytes.Buffer
	enc      *hpack.Encoder
	settings map[http2.SettingID]uint32 // the server's
}

// frames connects a framer to s, which serves over tr.
func (tr transport) frames(t testing.TB, s *server, settings ...http2.Setting) *framer {
	t.Helper()
	addr := s.Listener.Addr().String()
	var c net.Conn
	var err error
	if tr.tls {
		c, err = tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	} else {
		c, err = net.Dial("tcp", addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(await.Patience))
	f := &framer{t: t, conn: c, fr: http2.NewFramer(c, c), settings: map[http2.SettingID]uint32{}}
	f.fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.enc = hpack.NewEncoder(&f.block)
	// In one write: from the preface to the SETTINGS net/http waits for 2 s.
	begin := bytes.NewBufferString(http2.ClientPreface)
	http2.NewFramer(begin, nil).WriteSettings(settings...)
	if _, err := c.Write(begin.Bytes()); err != nil {
		t.Fatal(err)
	}
	for {
		if sf, ok := f.next().(*http2.SettingsFrame); ok && !sf.IsAck() {
			sf.ForeachSetting(func(s http2.Setting) error { f.settings[s.ID] = s.Val; return nil })
			f.fr.WriteSettingsAck()
			return f
		}
	}
}

func (f *framer) next() http2.Frame {
	f.t.Helper()
	fr, err := f.fr.ReadFrame()
	if err != nil {
		f.t.Fatalf("read frame: %v", err)
	}
	return fr
}

// on returns the next frame of stream id but for WINDOW_UPDATE.
func (f *framer) on(id uint32) http2.Frame {
	f.t.Helper()
	for {
		fr := f.next()
		if _, window := fr.(*http2.WindowUpdateFrame); !window && fr.Header().StreamID == id {
			return fr
		}
	}
}

// connect sends an extended CONNECT with more fields, and returns the response's header.
func (f *framer) connect(id uint32, path string, more ...string) *http2.MetaHeadersFrame {
	f.t.Helper()
	f.sendConnect(id, path, false, more...)
	return f.header(id)
}

func (f *framer) sendConnect(id uint32, path string, endStream bool, more ...string) {
	f.t.Helper()
	f.block.Reset()
	fields := append([]string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":path", path,
		":authority", f.conn.RemoteAddr().String(), "sec-websocket-version", "13"}, more...)
	for i := 0; i < len(fields); i += 2 {
		f.enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	err := f.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: f.block.Bytes(), EndHeaders: true, EndStream: endStream})
	if err != nil {
		f.t.Fatal(err)
	}
}

// header wants the header of the response on stream id.
func (f *framer) header(id uint32) *http2.MetaHeadersFrame {
	f.t.Helper()
	fr := f.on(id)
	h, ok := fr.(*http2.MetaHeadersFrame)
	if !ok {
		f.t.Fatalf("got %v, want HEADERS", fr)
	}
	return h
}

// send writes a masked WebSocket frame, with a key of zeros.
func (f *framer) send(id uint32, op byte, payload string) {
	f.t.Helper()
	if err := f.fr.WriteData(id, false, clientFrame(op, payload)); err != nil {
		f.t.Fatal(err)
	}
}

func clientFrame(op byte, payload string) []byte {
	b := []byte{0x80 | op}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

// data wants DATA on stream id.
func (f *framer) data(id uint32) *http2.DataFrame {
	f.t.Helper()
	fr := f.on(id)
	d, ok := fr.(*http2.DataFrame)
	if !ok {
		f.t.Fatalf("got %v, want DATA", fr)
	}
	return d
}

// wantEcho sends a text message and wants it back.
func (f *framer) wantEcho(id uint32, msg string) {
	f.t.Helper()
	f.send(id, 1, msg)
	if got := string(f.data(id).Data()); got != "\x81"+string(rune(len(msg)))+msg {
		f.t.Fatalf("got %q, want the echo of %q", got, msg)
	}
}

// wantEnd wants END_STREAM and then, since the client has not ended its own side,
// RST_STREAM(NO_ERROR).
func (f *framer) wantEnd(id uint32) {
	f.t.Helper()
	for {
		d := f.data(id)
		if len(d.Data()) > 0 {
			f.t.Fatalf("got %q, want the end", d.Data())
		}
		if d.StreamEnded() {
			break
		}
	}
	f.wantReset(id, http2.ErrCodeNo)
}

// wantReset wants RST_STREAM, after whatever DATA comes first.
func (f *framer) wantReset(id uint32, code http2.ErrCode) {
	f.t.Helper()
	for {
		switch fr := f.on(id).(type) {
		case *http2.DataFrame:
		case *http2.RSTStreamFrame:
			if fr.ErrCode != code {
				f.t.Errorf("reset with %v, want %v", fr.ErrCode, code)
			}
			return
		default:
			f.t.Fatalf("got %v, want RST_STREAM", fr)
		}
	}
}
