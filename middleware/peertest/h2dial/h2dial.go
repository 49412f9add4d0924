// Package h2dial opens WebSockets over HTTP/2 (RFC 8441) for tests, which net/http's
// client cannot do: as plain connections for frames by hand, and for websocket.Dial.
package h2dial

//lint:file-ignore SA1019 net/http's client, which is to replace x/net's, refuses a header named ":protocol"

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"

	"golang.org/x/net/http2"
)

// Transport holds the HTTP/2 connections. A new one is opened when the streams of
// those there are have reached the server's limit.
type Transport struct{ h2 *http2.Transport }

// TLS returns a Transport for https URLs that accepts any certificate.
func TLS() Transport {
	return Transport{&http2.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

// Cleartext returns a Transport for http URLs (h2c with prior knowledge).
func Cleartext() Transport {
	return Transport{&http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}}
}

// CloseIdleConnections closes the connections that have no stream, and lets the
// others take no new one.
func (t Transport) CloseIdleConnections() { t.h2.CloseIdleConnections() }

// Dial sends an extended CONNECT to url with header as it is, which may be nil, and
// "Sec-WebSocket-Version: 13" if header has no version. ctx ends with the response. If the
// status is not 200, Dial returns the response, whose body is the caller's to close,
// and an error.
func (t Transport) Dial(ctx context.Context, url string, header http.Header) (*Conn, *http.Response, error) {
	stream, reset := context.WithCancel(context.WithoutCancel(ctx))
	dialing := context.AfterFunc(ctx, reset)
	body, send := io.Pipe()
	req, err := http.NewRequestWithContext(stream, http.MethodConnect, url, body)
	if err != nil {
		reset()
		return nil, nil, fmt.Errorf("h2dial: %w", err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header[":protocol"] = []string{"websocket"}
	if req.Header.Get("Sec-WebSocket-Version") == "" {
		req.Header.Set("Sec-WebSocket-Version", "13")
	}
	resp, err := t.h2.RoundTrip(req)
	if err == nil && !dialing() {
		err = context.Cause(ctx)
	}
	if err != nil {
		reset()
		return nil, nil, fmt.Errorf("h2dial: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		context.AfterFunc(stream, func() { body.CloseWithError(context.Canceled) })
		resp.Body = closeFunc{resp.Body, reset}
		return nil, resp, fmt.Errorf("h2dial: %s", resp.Status)
	}
	return newConn(resp.Body, send, reset), resp, nil
}

// closeFunc is a body that resets its stream when it is closed.
type closeFunc struct {
	io.ReadCloser
	reset func()
}

func (b closeFunc) Close() error {
	defer b.reset()
	return b.ReadCloser.Close()
}
