// Package peertest drives package wsnet with what others have written: the tests of a net.Conn of
// golang.org/x/net/nettest, and an MQTT broker, mochi-mqtt, that Node's mqtt.js talks to.
//
// It needs Node, and mqtt.js:
//
//	npm --prefix wsecho/wsnet/peertest ci
//	go -C wsecho/wsnet/peertest test ./...
package peertest
