package middleware

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"testing"
)

// Over HTTP/2 a refusal is an upgrade that closes as well, and the stream ends once the client has answered.
func TestCloseRefusedOverHTTP2(t *testing.T) {
	c := serveH2(t, ExtendedConnect(CloseRefused(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "who are you?", http.StatusUnauthorized)
	}))))
	for _, row := range []struct {
		origin, reason string
	}{{"https://example.com", "who are you?"}, {"https://elsewhere.test", ""}} {
		stream := map[string]uint32{"who are you?": 1, "": 3}[row.reason]
		c.connect(stream, "/", "origin", row.origin)
		c.wantStatus(stream, http.StatusOK)
		want := append([]byte{0x88, byte(2 + len(row.reason))}, binary.BigEndian.AppendUint16(nil, 4401)...)
		want = append(want, row.reason...)
		var got []byte
		for len(got) < len(want) {
			typ, _, payload := c.read(stream)
			if typ != h2Data {
				t.Fatalf("frame of type %d after %q", typ, got)
			}
			got = append(got, payload...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		c.write(h2Data, 0, stream, append([]byte{0x88, 0x82, 0, 0, 0, 0}, want[2:4]...))
		for ended := false; !ended; {
			typ, flags, _ := c.read(stream)
			ended = typ == h2Data && flags&1 != 0 // END_STREAM
			if typ == h2RSTStream {
				t.Fatal("reset before its end")
			}
		}
	}
}
