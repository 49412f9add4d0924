package frame

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// Every close code, sent and read: RFC 6455 section 7.4 and the IANA registry.
func TestCloseCodes(t *testing.T) {
	for code := range 1 << 16 {
		legal := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
		if Sendable(websocket.StatusCode(code)) != legal {
			t.Errorf("Sendable(%d) is %v", code, !legal)
		}
		ce, e := ParseClose(append(binary.BigEndian.AppendUint16(nil, uint16(code)), "why"...), true)
		if (e == nil) != legal || ce != (websocket.CloseError{Code: websocket.StatusCode(code), Reason: "why"}) {
			t.Errorf("%d: %v, %v", code, ce, e)
		}
		if e != nil && answer(e) != websocket.StatusProtocolError {
			t.Errorf("%d is answered by %d", code, answer(e))
		}
	}
}

func TestParseClose(t *testing.T) {
	for _, v := range []struct {
		payload string
		want    websocket.CloseError
		answer  websocket.StatusCode // 0: it is right
	}{
		{"", websocket.CloseError{Code: websocket.StatusNoStatusRcvd}, 0},
		{"\x03", websocket.CloseError{}, 1002},
		{"\x03\xe8", websocket.CloseError{Code: 1000}, 0},
		{"\x03\xe8añ€😀", websocket.CloseError{Code: 1000, Reason: "añ€😀"}, 0},
		{"\x03\xe8\xff", websocket.CloseError{Code: 1000, Reason: "\xff"}, 1007},
		{"\x03\xe8\xe2\x82", websocket.CloseError{Code: 1000, Reason: "\xe2\x82"}, 1007},
		{"\x03\xed\xff", websocket.CloseError{Code: 1005, Reason: "\xff"}, 1002},
	} {
		ce, e := ParseClose([]byte(v.payload), true)
		if ce != v.want || (e == nil) != (v.answer == 0) || answer(e) != v.answer {
			t.Errorf("%q: %v, %+v", v.payload, ce, e)
		}
	}
	// Of a part it says what no continuation can mend.
	for _, v := range []struct {
		part   string
		answer websocket.StatusCode
	}{
		{"", 0}, {"\x03", 0}, {"\x03\xe8", 0}, {"\x03\xed", 1002}, {"\x03\xe8a", 0}, {"\x03\xe8\xe2", 0}, {"\x03\xe8\xe2\x82", 0},
		{"\x03\xe8\xff", 1007}, {"\x03\xe8a\xe2a", 1007}, {"\x03\xe8\xed\xa0", 1007},
	} {
		if _, e := ParseClose([]byte(v.part), false); (e == nil) != (v.answer == 0) || answer(e) != v.answer {
			t.Errorf("%q, and more to come: %+v", v.part, e)
		}
	}
}

func TestAppendClose(t *testing.T) {
	for _, v := range []struct {
		code   websocket.StatusCode
		reason string
		want   string
	}{
		{1000, "", "\x88\x02\x03\xe8"},
		{4999, "bye", "\x88\x05\x13\x87bye"},
		{1001, strings.Repeat("r", 123), "\x88\x7d\x03\xe9" + strings.Repeat("r", 123)},
		{1005, "", "\x88\x00"},
		{1005, "dropped", "\x88\x00"},
	} {
		if got := AppendClose([]byte("x"), v.code, v.reason); string(got) != "x"+v.want {
			t.Errorf("%d %q: %q", v.code, v.reason, got)
		}
	}
}
