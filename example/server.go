package main

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const maxStreams, streamWindow = 100, 32 << 10

// newServer returns the http.Server for o, with limits on what a client can hold. It sets
// no ReadTimeout: over HTTP/2 that would be armed for each stream, a session's too.
func newServer(h http.Handler, o options) (*http.Server, error) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		// A connection is idle while it has neither a request nor, over HTTP/2, a session. net/http keeps the
		// memory of an HTTP/2 connection that broke with streams open until this is over: 35 KB.
		IdleTimeout:    15 * time.Second,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
		Protocols:      new(http.Protocols),
	}
	srv.Protocols.SetHTTP1(true)
	if !o.tls {
		return srv, nil
	}

	host, _, _ := net.SplitHostPort(o.addr) // net.Listen has taken it already
	cert, err := selfSigned(host)
	if err != nil {
		return nil, err
	}
	srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	srv.Protocols.SetHTTP2(o.http2)
	srv.HTTP2 = &http.HTTP2Config{
		// All sockets of a page share one connection. One whose hook does not read may fill
		// its own window, and must leave the connection's to the others: it has room for all
		// at once, and is below the 4 MiB that net/http allows.
		MaxConcurrentStreams:          maxStreams, // RFC 9113, section 5.1.2: no fewer
		MaxReceiveBufferPerStream:     streamWindow,
		MaxReceiveBufferPerConnection: (maxStreams + 1) * streamWindow,
		// A peer that is gone, or takes no bytes at all, ends with its connection: the
		// sessions' own timeouts cannot reach a write that is stuck in TCP.
		SendPingTimeout:  30 * time.Second,
		PingTimeout:      15 * time.Second,
		WriteByteTimeout: 15 * time.Second,
	}
	return srv, nil
}
