package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"
	"weak"

	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// An HTTP/2 connection that broke while a stream was open is forgotten soon. net/http's part of it holds
// tens of kilobytes, and its own timer holds that until IdleTimeout is over.
func TestDroppedConnectionIsForgotten(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel() // it takes all of IdleTimeout, which is cut short here
	ended := make(chan struct{})
	srv, err := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(ended)
	}), options{addr: "127.0.0.1:0", tls: true, http2: true})
	if err != nil {
		t.Fatal(err)
	}
	if srv.IdleTimeout <= 0 || srv.IdleTimeout > 15*time.Second {
		t.Errorf("IdleTimeout is %v", srv.IdleTimeout)
	}
	if !leaktest.Long() {
		srv.IdleTimeout = 4 * time.Second // the client has so long from its connection to its request
	}
	accepted := make(chan weak.Pointer[tls.Conn], 1)
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			accepted <- weak.Make(c.(*tls.Conn))
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.ServeTLS(ln, "", "")
	defer srv.Close()

	client := insecure(t)
	var below net.Conn
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, addr)
		below = c
		return c, err
	}
	resp, err := client.Get("https://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 {
		t.Fatalf("the stream is one of %s", resp.Proto)
	}
	below.Close()
	<-ended
	conn := <-accepted
	for deadline := time.Now().Add(await.Patience + 10*time.Second); conn.Value() != nil; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the connection is still in memory")
		}
		runtime.GC()
	}
}
