// Package faulttest is what goes wrong around a WebSocket service, with the real parts: processes
// that are stopped, starved and told to go, networks that are slow or broken, proxies in front.
//
//	frozen_test.go       clients that hang: SIGSTOP
//	toxic_test.go        a bad network: toxiproxy
//	proxy_test.go        nginx and HAProxy, with the files below
//	drain_test.go        a drain in the middle of traffic, with other people's clients
//	descriptors_test.go  a server out of descriptors
//	deploy_test.go       SIGTERM, with 2,000 sessions open
//
//	nginx.conf, haproxy.cfg  the configuration that wsecho/docs/proxies.md quotes
//
//	main_test.go         nothing leaks
//	server_test.go       the server under test, and its clients
//	program_test.go      child processes
//	caddy_test.go        Caddy
//	toxiproxy_test.go    toxiproxy, and a network to put in between
//
// It needs nginx, HAProxy and Caddy (apt-get install nginx haproxy caddy) and builds the rest from source. What it
// asserts is order, counts and causes. Time passes for real here, so a deadline is always generous.
package faulttest
