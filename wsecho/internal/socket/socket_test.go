//go:build unix

package socket

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"
)

// Only the kernel's own sockets are read around: a type that wraps one may override Read.
func TestWhatIsRaw(t *testing.T) {
	tcp, _ := pair(t, "tcp")
	unix, _ := pair(t, "unix")
	pipe, other := net.Pipe()
	defer pipe.Close()
	defer other.Close()
	for _, v := range []struct {
		name string
		conn net.Conn
		raw  bool
	}{
		{"TCP", tcp, true}, {"Unix", unix, true}, {"TLS", tls.Server(tcp, &tls.Config{}), false}, {"net.Pipe", pipe, false},
		{"wrapped TCP", struct{ *net.TCPConn }{tcp.(*net.TCPConn)}, false}, {"wrapped Unix", &struct{ net.Conn }{unix}, false},
	} {
		var k Socket
		if k.Init(v.conn); k.Raw() != v.raw {
			t.Errorf("%s: raw is %v", v.name, k.Raw())
		}
	}
}

// A raw socket is read without a buffer in hand while it waits, and says EOF and errors once.
func TestReader(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		client, server := pair(t, network)
		var k Socket
		k.Init(server)
		var b buffer
		rd := NewReader(&k, &b, true)
		if n, err := rd.Read(false); n != 0 || err != ErrNotReady || b.p != nil {
			t.Errorf("nothing is there: %d, %v, a buffer of %d", n, err, len(b.p))
		}
		if n, full := k.Unread(); n != 0 || full {
			t.Errorf("unread: %v, %v", n, full)
		}
		client.Write([]byte("hello"))
		client.(interface{ CloseWrite() error }).CloseWrite()
		if n, err := rd.Read(true); n != 5 || err != nil || string(b.p[:n]) != "hello" {
			t.Errorf("five bytes are there: %d, %v", n, err)
		}
		for range 2 {
			if n, err := rd.Read(true); n != 0 || err != io.EOF || b.p != nil {
				t.Errorf("EOF is there: %d, %v, a buffer of %d", n, err, len(b.p))
			}
		}
		rd.Free()
	}
}

// buffer has memory only while it has bytes.
type buffer struct{ p []byte }

func (b *buffer) Space(bool) []byte {
	b.p = make([]byte, 100)
	return b.p
}

func (b *buffer) Took(n int) {
	if n == 0 {
		b.p = nil
	}
}

// Unread sees what waits, takes nothing, and leaves a message and an EOF alike to the reader.
func TestUnread(t *testing.T) {
	client, server := pair(t, "tcp")
	var k Socket
	k.Init(server)
	client.Write([]byte("abc"))
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if n, _ := k.Unread(); n > 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("never: bytes wait")
		}
	}
	p := make([]byte, 10)
	if n, err := server.Read(p); string(p[:n]) != "abc" || err != nil {
		t.Errorf("read %q, %v", p[:n], err)
	}
	client.Close()
	if _, err := server.Read(p); err != io.EOF {
		t.Errorf("read %v", err)
	}
	if n, _ := k.Unread(); n > 0 {
		t.Error("EOF counts as life")
	}
}

// A write that does not wait takes what the socket takes, and says nothing when that is nothing.
func TestWriteRaw(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		client, server := pair(t, network)
		var k Socket
		k.Init(server)
		total, p := 0, make([]byte, 256<<10)
		for n := 1; n > 0; total += n {
			var err error
			if n, err = k.TryWrite(p, false); err != nil {
				t.Fatal(err)
			}
		}
		server.SetDeadline(time.Now().Add(20 * time.Second))
		go io.CopyN(io.Discard, client, int64(total))
		if n, err := k.WriteSome(p); n == 0 || err != nil {
			t.Errorf("%s: %d, %v after the peer has read", network, n, err)
		}
		client.Close()
		var err error
		for end := time.Now().Add(20 * time.Second); err == nil && time.Now().Before(end); time.Sleep(time.Millisecond) {
			_, err = k.TryWrite(p, false)
		}
		if err == nil {
			t.Errorf("%s: the peer is gone, and writing succeeds", network)
		}
	}
}

// pair is a connection of the kernel's, both ends.
func pair(t *testing.T, network string) (client, server net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}
