package peertest

import (
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
)

// TestWire looks at the frames of whole sessions with every handler.
func TestWire(t *testing.T) {
	for name, h := range handlers(t) {
		for _, over := range []transport{overHTTP2, overH2C} {
			t.Run(name+"/"+over.name, func(t *testing.T) {
				s := over.serve(t, middleware.ExtendedConnect(h), nil)
				f := over.frames(t, s)
				if f.settings[http2.SettingEnableConnectProtocol] != 1 {
					t.Fatalf("SETTINGS %v do not offer extended CONNECT", f.settings)
				}
				head := f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
				wantWellFormed(t, head)
				if head.PseudoValue("status") != "200" || head.StreamEnded() || value(head, "sec-websocket-protocol") != "echo-protocol" {
					t.Fatalf("the response's header is %v", head.Fields)
				}
				f.wantEcho(1, "hi")
				f.send(1, 8, "\x03\xe8")
				if got := string(f.data(1).Data()); !strings.HasPrefix(got, "\x88\x02\x03\xe8") {
					t.Fatalf("got %q, want the close frame", got)
				}
				f.wantEnd(1)

				// The client's END_STREAM ends a session as a FIN does.
				f.connect(3, "/", "sec-websocket-protocol", "echo-protocol")
				f.wantEcho(3, "hello")
				f.fr.WriteData(3, true, nil)
				for !f.data(3).StreamEnded() {
				}
				// So does one in the request's header, when the session has just begun.
				f.sendConnect(5, "/", true, "sec-websocket-protocol", "echo-protocol")
				if status := f.header(5).PseudoValue("status"); status != "200" {
					t.Errorf("with END_STREAM: %s", status)
				}
				for !f.data(5).StreamEnded() {
				}
			})
		}
	}
}
