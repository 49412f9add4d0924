// Package http2test holds sessions over HTTP/2 (RFC 8441, middleware.ExtendedConnect) to what they do
// over TCP.
//
//	session_test.go    the session tests, row by row
//	end_test.go        ends that are HTTP/2's own, and what the wire carries at the end
//	slow_test.go       peers that read nothing, or little: limits, timeouts, siblings on one connection
//	keepalive_test.go  pings, mute peers, long hooks
//	drain_test.go      a drain in the middle of traffic, with other people's clients
//	storm_test.go      many streams on few connections, ending every way at once
//
//	transport_test.go  HTTP/2 as a transport for sessiontest
//	gorilla_test.go    gorilla's client over HTTP/2
//	watch_test.go      that nothing touches net/http's stream once ServeHTTP has returned
//	wire_test.go       the frames that the server sent
//	main_test.go       nothing leaks
package http2test
