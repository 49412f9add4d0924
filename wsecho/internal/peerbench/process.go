package main

import "example.com/wsecho/wsecho/internal/peerbench/child"

// start runs a server of p.
func start(p peer, modes ...string) (*child.Process, error) {
	return child.Start(append([]string{serveCommand, p.name}, modes...)...)
}
