package main

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// newServer returns the http.Server for o, with limits on what a client can hold. It sets
// no ReadTimeout: over HTTP/2 that would be armed for each stream, a session's too.
func newServer(h http.Handler, o options) (*http.Server, error) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
		Protocols:         new(http.Protocols),
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
		// its own window, and must leave the connection's to the others.
		MaxReceiveBufferPerStream:     64 << 10,
		MaxReceiveBufferPerConnection: 1 << 20,
		// A peer that is gone, or takes no bytes at all, ends with its connection: the
		// sessions' own timeouts cannot reach a write that is stuck in TCP.
		SendPingTimeout:  30 * time.Second,
		PingTimeout:      15 * time.Second,
		WriteByteTimeout: 15 * time.Second,
	}
	return srv, nil
}
