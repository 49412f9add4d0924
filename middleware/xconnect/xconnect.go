// Package xconnect makes net/http offer extended CONNECT (RFC 8441), without which
// no client opens a WebSocket over HTTP/2. It is imported for its effect, by the
// main package:
//
//	import _ "example.com/wsecho/middleware/xconnect"
//
// The one switch for it is http2xconnect=1 in the environment variable GODEBUG,
// which net/http reads once, in its init, for the whole process. Package xconnect
// adds it to the environment, where child processes see it too. Where GODEBUG already
// holds http2xconnect, with 0 as well as 1, the operator has decided and nothing
// changes.
//
// With the switch on every HTTP/2 server of the process offers extended CONNECT, and
// one without middleware.ExtendedConnect answers it as it answers any CONNECT.
package xconnect

import (
	"os"
	"strings"
)

// init has to run before that of net/http. Packages whose imports are initialized are
// initialized in the order of their import paths (since Go 1.21): this one's path
// sorts before "net/http" and "golang.org/x/net/http2", and it imports nothing that
// they do not. Keep both so; the test of this package knows when that is lost.
func init() {
	settings := os.Getenv("GODEBUG")
	if strings.Contains(settings, "http2xconnect=") {
		return
	}
	if settings != "" {
		settings += ","
	}
	os.Setenv("GODEBUG", settings+"http2xconnect=1")
}
