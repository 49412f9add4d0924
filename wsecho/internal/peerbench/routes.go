package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"example.com/wsecho/middleware/peertest/h2dial"
)

// A route is how clients come to the server at addr. It returns what opens one WebSocket.
type route func(addr string) (dial func() (net.Conn, error))

// http1 takes a TCP connection for each, and upgrades it.
func http1(addr string) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		return upgrade(c, addr, "")
	}
}

// http1Deflate does so too, and agrees on permessage-deflate without context takeover.
func http1Deflate(addr string) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		return upgrade(c, addr, freshDeflate)
	}
}

// anyone accepts the servers' certificates. It keeps no sessions: each connection has the whole TLS handshake.
var anyone = &tls.Config{InsecureSkipVerify: true}

// http1TLS takes a TLS connection for each.
func http1TLS(addr string) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		c, err := tls.Dial("tcp", addr, anyone)
		if err != nil {
			return nil, err
		}
		return upgrade(c, addr, "")
	}
}

// http2TLS takes a stream for each, all of one TLS connection.
func http2TLS(addr string) func() (net.Conn, error) {
	h2 := h2dial.TLS() // its connection ends with the server's process
	header := http.Header{"Sec-Websocket-Protocol": {subprotocol}, "Origin": {"https://" + addr}}
	return func() (net.Conn, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		c, answer, err := h2.Dial(ctx, "https://"+addr+"/ws", header)
		switch {
		case err != nil:
			return nil, fmt.Errorf("handshake: %w", err)
		case answer.Header.Get("Sec-WebSocket-Protocol") != subprotocol:
			c.Close()
			return nil, errors.New("handshake: wrong Sec-WebSocket-Protocol")
		}
		return c, nil
	}
}
