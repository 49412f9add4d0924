package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"

	"example.com/wsecho/wsecho/internal/peerbench/child"
)

// serveCommand is the first argument of a server's process; the second is the peer's name, what follows are modes.
const (
	serveCommand = "serve"
	fanOutMode   = "fan-out"
	deflateMode  = "deflate"
	tlsMode      = "tls"
)

// serve runs the server of args on a loopback port, until control ends.
func serve(args []string, control io.Reader, answers io.Writer) error {
	i := slices.IndexFunc(peers, func(p peer) bool { return len(args) > 0 && p.name == args[0] })
	if i < 0 {
		return fmt.Errorf("which peer? got %q", args)
	}
	os.Stdout = os.Stderr // answers is the real one: keep what a library may print out of it
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := ln.Addr().String()
	if slices.Contains(args[1:], tlsMode) {
		if ln, err = encrypt(ln); err != nil {
			return err
		}
	}
	failed := make(chan error, 2)
	m := mode{fanOut: slices.Contains(args[1:], fanOutMode), deflate: slices.Contains(args[1:], deflateMode)}
	go func() { failed <- peers[i].serve(ln, m) }()
	go func() { failed <- child.Answer(addr, control, answers) }()
	return <-failed
}
