// Package peertest holds the tests of package middleware that need third-party
// packages: HTTP/2 clients, which net/http is not for an extended CONNECT, and other
// WebSocket libraries and middleware to stand behind it.
package peertest
