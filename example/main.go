// Command example is a chi service with a WebSocket endpoint, and a page to try it in.
//
//	go run ./example
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	_ "example.com/wsecho/middleware/xconnect" // WebSockets over HTTP/2, see server.go
)

// drainTimeout is how long a shutdown may take. It is more than Handler.CloseTimeout plus
// any sensible -spread; what kills the process has to wait for -notice on top of it.
const drainTimeout = 25 * time.Second

type options struct {
	addr      string
	tls       bool
	http2     bool
	perClient int // 0: any number
	notice    time.Duration
	spread    time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	flag.BoolVar(&o.tls, "tls", false, "serve https and wss, with a certificate made in memory")
	flag.BoolVar(&o.http2, "http2", true, "with -tls, offer HTTP/2, to WebSockets too")
	flag.IntVar(&o.perClient, "per-client", 100, "WebSockets that one address may have open; 0: any number")
	flag.DurationVar(&o.notice, "notice", 0, "how long /readyz says 503 before the sessions are closed")
	flag.DurationVar(&o.spread, "spread", 0, "close the sessions over this long, not all at once")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		fmt.Fprintf(os.Stderr, "example: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	case o.perClient < 0:
		fmt.Fprintln(os.Stderr, "example: -per-client is negative")
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	s := newService(o)
	s.publish()
	if err := s.run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends and then drains. Its error is nil when every session and every
// request came to its end.
func (s *service) run(ctx context.Context, o options) error {
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err // it names the address, and says that it is taken
	}
	srv, err := newServer(s.routes(), o)
	if err != nil {
		ln.Close()
		return err
	}

	failed := make(chan error, 1)
	if o.tls {
		fmt.Printf("https://%s\n", reachable(ln.Addr()))
		go func() { failed <- srv.ServeTLS(ln, "", "") }()
	} else {
		fmt.Printf("http://%s\n", reachable(ln.Addr()))
		go func() { failed <- srv.Serve(ln) }()
	}

	select {
	case err := <-failed:
		return errors.Join(err, s.echo.Close(), s.chat.Close(), s.hub.Close())
	case <-ctx.Done():
		return s.drain(srv, o.notice)
	}
}

// reachable returns an address at which a browser on this machine finds the listener: one
// that listens on every address has none of its own.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// drain stops the server and the handlers at once: the server does not wait for upgraded
// connections, and one slow request must not leave the sessions without their time. The Hub ends last, since hooks
// publish until their handler's Shutdown has returned.
func (s *service) drain(srv *http.Server, notice time.Duration) error {
	slog.Info("draining", "sessions", s.echo.Stats().Open+s.chat.Stats().Open)
	s.draining.Store(true)
	time.Sleep(notice) // until load balancers have read /readyz and look elsewhere

	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	drained := make(chan error, 2)
	go func() { drained <- s.echo.Shutdown(ctx) }()
	go func() { drained <- s.chat.Shutdown(ctx) }()
	return errors.Join(srv.Shutdown(ctx), <-drained, <-drained, s.hub.Close())
}
