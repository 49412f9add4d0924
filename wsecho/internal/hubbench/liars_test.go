package main

import (
	"net"
	"net/http"

	"example.com/wsecho/wsecho"
)

// liars are loops that a run has to find out.
var liars = []server{
	{name: "twice", serve: lying(func(s *wsecho.Session, m *wsecho.Prepared, _ int) {
		s.TryWritePrepared(m)
		s.TryWritePrepared(m)
	}), tongue: rooms},
	{name: "never", serve: lying(func(s *wsecho.Session, m *wsecho.Prepared, n int) {
		if n%7 != 0 {
			s.TryWritePrepared(m)
		}
	}), tongue: rooms},
	{name: "stale", serve: lying(func() func(*wsecho.Session, *wsecho.Prepared, int) {
		last := map[*wsecho.Session]*wsecho.Prepared{}
		return func(s *wsecho.Session, m *wsecho.Prepared, _ int) {
			if last[s] == nil {
				last[s] = m
			}
			s.TryWritePrepared(last[s])
		}
	}()), tongue: rooms},
}

// lying is a loop that sends in its own way; n counts what was to be sent.
func lying(send func(s *wsecho.Session, m *wsecho.Prepared, n int)) func(net.Listener, string) error {
	return func(ln net.Listener, _ string) error {
		n := 0
		return http.Serve(ln, loop(func(s *wsecho.Session, m *wsecho.Prepared) { // under the loop's lock
			n++
			send(s, m, n)
		}))
	}
}
