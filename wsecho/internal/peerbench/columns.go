package main

// A column is one thing that every server is put to, and one column of the table.
type column struct {
	name  string // for -columns
	title string
	per   string // what its CPU time and its rate count

	// fanOut servers send each text message to all their sessions; the others echo it to its sender.
	fanOut bool

	// deflate servers send what they fan out compressed. A peer that has no permessage-deflate is not measured.
	deflate bool

	// encrypted servers speak TLS, and HTTP/2 to who asks for it. Only wsecho has the latter, so only wsecho is measured.
	encrypted bool

	// against says which peers compete for ratio 1.00; nil: all of them.
	against func(peer) bool

	// connect puts a load on the server at addr. It is nil for the idle column, which has no load (idle.go).
	connect func(p plan, addr string) (load, error)
}

func (c column) id() string { return c.name }

const (
	text   = 0x1 // opcodes, RFC 6455 section 5.2
	binary = 0x2
)

// A message in the text columns is printable ASCII, in the others random bytes.
var columns = []column{
	{
		name: "ping-pong", title: "ping-pong 64 B", per: "message",
		against: peer.goroutinePerConnection,
		connect: echoes{clients: 50, window: 1, op: text, size: 64, over: http1}.connect,
	},
	{
		name: "text", title: "pipelined 64 B text", per: "message",
		connect: echoes{clients: 50, window: 32, op: text, size: 64, over: http1}.connect,
	},
	{
		name: "binary", title: "pipelined 64 B binary", per: "message",
		connect: echoes{clients: 50, window: 32, op: binary, size: 64, over: http1}.connect,
	},
	{
		name: "64k", title: "64 KiB", per: "message",
		connect: echoes{clients: 16, window: 1, op: binary, size: 64 << 10, over: http1}.connect,
	},
	{
		name: "1m", title: "1 MiB", per: "message",
		connect: echoes{clients: 4, window: 1, op: binary, size: 1 << 20, over: http1}.connect,
	},
	{
		name: "fan-out", title: "fan-out 64 B", per: "delivery", fanOut: true,
		connect: listening{sessions: 1000, size: 64}.connect,
	},
	{
		name: "fan-out-1k", title: "fan-out 1 KiB", per: "delivery", fanOut: true,
		connect: listening{sessions: 500, size: 1 << 10}.connect,
	},
	{
		name: "fan-out-deflate", title: "fan-out 1 KiB, compressed", per: "delivery", fanOut: true, deflate: true,
		connect: listening{sessions: 500, size: 1 << 10, deflate: true}.connect,
	},
	{
		name: "handshake", title: "handshake and close", per: "connection",
		against: func(p peer) bool { return p.name == "gorilla" },
		connect: visitors{over: http1}.connect,
	},
	{name: idleColumn, title: "idle session", per: "session"},

	// What HTTP/2 costs and saves, wsecho alone: a column over HTTP/1.1 and TLS, and the same over HTTP/2, both as a browser would.
	{
		name: "tls-ping-pong", title: "ping-pong 64 B, HTTP/1.1 over TLS", per: "message", encrypted: true,
		connect: echoes{clients: 50, window: 1, op: text, size: 64, over: http1TLS}.connect,
	},
	{
		name: "h2-ping-pong", title: "ping-pong 64 B, HTTP/2", per: "message", encrypted: true,
		connect: echoes{clients: 50, window: 1, op: text, size: 64, over: http2TLS}.connect,
	},
	{
		name: "tls-handshake", title: "handshake and close, HTTP/1.1 over TLS", per: "connection", encrypted: true,
		connect: visitors{over: http1TLS}.connect,
	},
	{
		name: "h2-handshake", title: "handshake and close, HTTP/2", per: "connection", encrypted: true,
		connect: visitors{over: http2TLS}.connect,
	},
}

const idleColumn = "idle"

func (c column) idle() bool { return c.name == idleColumn }

// measures tells whether the column has a figure for p.
func (c column) measures(p peer) bool {
	return (!c.encrypted || p.kind == ours) && (!c.deflate || p.deflates)
}

// modes are what a server of the column is started with.
func (c column) modes() (modes []string) {
	if c.fanOut {
		modes = append(modes, fanOutMode)
	}
	if c.deflate {
		modes = append(modes, deflateMode)
	}
	if c.encrypted {
		modes = append(modes, tlsMode)
	}
	return modes
}
