package middleware

import (
	"net/http"
	"testing"
)

func TestIsHandshake(t *testing.T) {
	get := func(lines ...string) *http.Request {
		r := &http.Request{Method: http.MethodGet, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}}
		for i := 0; i < len(lines); i += 2 {
			r.Header.Add(lines[i], lines[i+1])
		}
		return r
	}
	connect := func(protocols ...string) *http.Request {
		return &http.Request{Method: http.MethodConnect, ProtoMajor: 2, Header: http.Header{":protocol": protocols}}
	}
	with := func(r *http.Request, change func(*http.Request)) *http.Request {
		change(r)
		return r
	}
	tests := []struct {
		name string
		r    *http.Request
		want bool
	}{
		{"to the letter", get("Connection", "Upgrade", "Upgrade", "websocket"), true},
		{"letter case", get("Connection", "UPGRADE", "Upgrade", "WebSocket"), true},
		{"Firefox", get("Connection", "keep-alive, Upgrade", "Upgrade", "websocket"), true},
		{"other order, no blanks", get("Connection", "upgrade,keep-alive", "Upgrade", "websocket"), true},
		{"blanks and tabs", get("Connection", " keep-alive\t,\t upgrade ,", "Upgrade", " websocket "), true},
		{"several lines", get("Connection", "keep-alive", "Connection", "Upgrade", "Upgrade", "h2c", "Upgrade", "websocket"), true},
		{"a list of upgrades", get("Connection", "Upgrade", "Upgrade", "h2c, websocket"), true},
		{"behind ExtendedConnect", with(get("Connection", "Upgrade", "Upgrade", "websocket"), func(r *http.Request) { r.ProtoMajor = 2 }), true},
		{"HTTP/1.0: a handler may accept it", with(get("Connection", "Upgrade", "Upgrade", "websocket"), func(r *http.Request) { r.ProtoMinor = 0 }), true},
		{"no headers", get(), false},
		{"no Connection: a handler may not ask", get("Upgrade", "websocket"), true},
		{"no Upgrade", get("Connection", "Upgrade"), false},
		{"another upgrade", get("Connection", "Upgrade", "Upgrade", "h2c"), false},
		{"part of a token, as gws has it", get("Connection", "xUpgrade", "Upgrade", "websocket"), true},
		{"part of a protocol", get("Connection", "Upgrade", "Upgrade", "websocket2"), true},
		{"Unicode's space, as coder has it", get("Connection", "Upgrade", "Upgrade", "\u00a0websocket"), true},
		{"Unicode's s and k, as strings.EqualFold has them", get("Connection", "Upgrade", "Upgrade", "web\u017foc\u212aet"), true},
		{"Unicode's S and K", get("Connection", "Upgrade", "Upgrade", "WEB\u017fOC\u212aET"), true},
		{"POST, as a reverse proxy has it", with(get("Connection", "Upgrade", "Upgrade", "websocket"), func(r *http.Request) { r.Method = http.MethodPost }), true},
		{"extended CONNECT", connect("websocket"), true},
		{"extended CONNECT, letter case", connect("WebSocket"), true},
		{"extended CONNECT for something else", connect("webtransport"), false},
		{"CONNECT", connect(), false},
		{"GET with :protocol, which net/http lets through", with(connect("websocket"), func(r *http.Request) { r.Method = http.MethodGet }), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := isHandshake(tt.r); got != tt.want {
				t.Errorf("isHandshake(%s %v) = %v, want %v", tt.r.Method, tt.r.Header, got, tt.want)
			}
		})
	}
}
