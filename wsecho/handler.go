package wsecho

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/socket"
)

// DefaultSubprotocol is the subprotocol that a Handler speaks whose Subprotocols is empty.
const DefaultSubprotocol = "echo-protocol"

// Handler is a WebSocket endpoint: an http.Handler that checks the handshake, upgrades it and hands
// the session to its hooks. The zero value echoes and speaks DefaultSubprotocol.
//
// One session's hooks never overlap; those of different sessions run concurrently, and none runs
// with a lock of this package held. A hook may take as long as it likes: no message is handed to it
// meanwhile, which is the backpressure, so a hook must never wait for another message of the same
// peer. A hook that panics ends its session, never the process.
//
// The first cause of a session's end counts; what hooks return after it is dropped, but for a panic, which is
// logged. Then, in this order: the session's context ends and no OnMessage begins; the hook that runs
// returns; the functions of Session.Go return; OnClose runs. Meanwhile the close handshake goes on: what was
// written before leaves, a close frame follows, and the connection is closed once the peer's close frame is
// in (RFC 6455 section 7.1.1), or after CloseTimeout.
//
// A peer that reads nothing and never ends its message makes a session hold WriteLimit, the buffer of a message
// of ReadLimit and about 100 KB more: with the defaults 2.1 MB, times MaxSessions. That buffer has 4, 64 or
// 256 KiB or 1 MiB, whichever is enough, and for more up to twice ReadLimit. Compression adds what its comment
// says and a second buffer. What the kernel holds for a socket, and what hooks keep, comes on top.
//
// The fields must not change, nor the Handler be copied, after its first ServeHTTP.
type Handler struct {
	// Subprotocols are those spoken, the preferred one first. Exactly one that the client offers,
	// to the letter, is selected and sent; a client that offers none of them is refused, and so is one whose
	// offer is no list of different tokens (RFC 6455 section 4.1). The entry "" also admits clients that offer
	// none at all. Empty: {DefaultSubprotocol}.
	Subprotocols []string

	// OriginPatterns admits browser pages of other origins than the request's own host; that one is admitted
	// whatever its scheme, as a proxy may have ended the TLS. A request without an Origin is no browser's and
	// is admitted. A pattern is a host, with a scheme before it and a port behind it where they matter:
	//
	//	app.example.com            any scheme, on the scheme's own port
	//	https://app.example.com    that scheme, on its own port; :443 says the same
	//	https://*.example.com      a.example.com and a.b.example.com, not example.com
	//	localhost:*                any port
	//	http://[::1]:3000          an IPv6 address, in brackets
	//	weapp://*                  any origin of that scheme
	//	null                       the origin null, which is that of every local file and sandboxed frame
	//	*                          any origin, null too
	//
	// The case of letters does not matter. * stands for any characters, dots too, within the scheme, the host or
	// the port; a pattern that ends in the * of its host has any port. A name outside ASCII is given as browsers
	// send it (xn--...). A pattern that no browser's Origin can match, such as one with a path, admits nobody
	// and is reported to the Logger at the first request. Empty: the same origin alone.
	OriginPatterns []string

	// OnOpen runs within ServeHTTP, after the upgrade and before the first message is read; r carries
	// the session's context. An error or a panic ends the session as one of OnMessage does, without an
	// OnClose: an OnOpen that fails cleans up after itself. Nil: nothing.
	OnOpen func(s *Session, r *http.Request) error

	// OnMessage gets each message; see MessageFunc. A push-only handler wants one that refuses, such
	// as by returning a websocket.CloseError of StatusPolicyViolation. Nil: Echo.
	OnMessage MessageFunc

	// OnClose runs exactly once for each session whose OnOpen returned nil, after the last OnMessage
	// and every function of Session.Go have returned. err says why the session ended and is never nil.
	// websocket.CloseStatus(err) is the code of the close frame that ended it, the peer's or ours, whatever
	// the cause, and -1 where there was none; Cause(err) is the label in Stats.Ended. errors.Is and errors.As find
	// in it ErrShutdown, ErrPongTimeout, ErrReadTimeout, ErrWriteTimeout, websocket.ErrMessageTooBig, a
	// *PanicError, the hook's own error, or that of the connection. ctx has the values of the session's context,
	// and ends when the ctx of Shutdown does or Close is called. Nil: nothing.
	OnClose func(ctx context.Context, s *Session, err error)

	// ErrorHandler answers a refused handshake. The headers that belong to the refusal are already
	// set on w, such as the Connection: close of each over HTTP/1.1; err is always a *HandshakeError. It must
	// write an answer, with the error's Status as a rule: net/http takes silence for 200. Nil: that status and
	// one line of text.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, err error)

	// ReadLimit bounds one message, in bytes after inflation. A longer one ends the session with 1009
	// as soon as a frame's header declares it, or as it inflates. Negative: no limit. 0: 1 MiB.
	ReadLimit int64

	// WriteLimit bounds, in bytes, what may wait for a slow peer. A message finds room when nothing waits, or when
	// it fits beside what does: one of TryWrite in all of WriteLimit, one of Write in half of it, so that who
	// writes without a pause leaves room for others. Negative: no limit. 0: 1 MiB.
	WriteLimit int

	// MaxSessions bounds the sessions that are open at once; a handshake past it is refused with 503.
	// A session counts until its OnClose has returned and both close frames are through, or its connection is
	// gone without. It bounds the memory of all sessions together: Handler's comment says how much one may
	// take. 0 or less: no limit.
	MaxSessions int

	// PingInterval is how often the peer is pinged, also while it sends. Negative: never.
	// 0: 25 s, under the 60 s after which common proxies cut an idle connection.
	PingInterval time.Duration

	// PongTimeout is how long the peer may be silent after a ping. Any byte from it counts, including one
	// still unread because a hook is running. On Linux over TCP the clock starts only when the peer's kernel
	// has received the ping, so a slow download before it does not count, provided each receive buffer's
	// worth takes less than PongTimeout. Elsewhere PongTimeout must cover everything queued before the ping.
	// While a hook runs and its unread input fills the socket, or over TLS and HTTP/2, the check is
	// postponed until the hook returns. A peer that fails it is sent 1011, and not waited for. Negative: pings
	// may stay unanswered. 0: 10 s.
	PongTimeout time.Duration

	// ReadTimeout is how long a message may take to arrive, from its first byte to its last. One that takes
	// longer ends the session with 1008 and ErrReadTimeout. Negative: no limit. 0: 2 min.
	ReadTimeout time.Duration

	// WriteTimeout is how long the peer may take none of the bytes that wait for it. It may take up to twice
	// WriteTimeout to notice. On Linux, bytes that wait in the kernel alone are looked at with each ping. Over
	// TLS and HTTP/2 progress shows only when the kernel or the peer's window takes more, which for a very
	// slow reader may take long. Negative: no limit. 0: 10 s.
	WriteTimeout time.Duration

	// CloseTimeout is the time from the start of the close to the end of the connection, in which what
	// was written before leaves and the peer answers. Once it has, the connection has another second at most
	// to end. Negative: the peer's answer is not waited for, which behind proxies and in browsers may cost the
	// close code, and what was written before has WriteTimeout to leave, or 5 s if that is negative. 0: 5 s.
	CloseTimeout time.Duration

	// DrainSpread is the time over which Shutdown spreads its closes, evenly and with jitter, so that
	// the reconnects do not come as one herd. It is cut short where the last session would not have its
	// CloseTimeout before the deadline of Shutdown's ctx. 0 or less: all at once.
	DrainSpread time.Duration

	// Goodbye is the close code and reason that Shutdown and Close send. A code that may not be sent becomes
	// 1011 and is reported to the Logger at the first request. A zero Code: 1001 (going away); zero: that, and no
	// reason.
	Goodbye websocket.CloseError

	// Compression is the mode of permessage-deflate (RFC 7692) that is offered to clients which ask.
	// It costs memory: with websocket.CompressionContextTakeover about 1.2 MB a session once it has
	// sent a message that is deflated and 32 KB once it has received one; with
	// CompressionNoContextTakeover only what pools hold for the messages under way. Messages under 512
	// bytes are sent as they are. A client may ask for a window of 2^8 to 2^15 bytes
	// (server_max_window_bits): it is honoured by starting afresh each time it is full, which at 12 bits
	// costs 4 points of ratio (29 instead of 25 % of JSON) and 1.8 times the CPU, at 8 bits 64 % and 7 times.
	// At most GOMAXPROCS messages that take long (over about 64 KiB deflated, 256 KiB inflated) are under
	// way at once in the process. Zero: disabled.
	Compression websocket.CompressionMode

	// Logger gets one record for each session that ends and each handshake that is refused. Its level
	// is Error for a hook's error or panic and for a connection that cannot be hijacked, Warn for what a
	// peer sent wrong, Info for timeouts and other refusals, Debug for every other end. At Error it also gets
	// what only a change of the service's code puts right: a close code that may not be sent, a pattern of
	// OriginPatterns that matches nothing, a panic after the end; at Debug a hook's write error of another session.
	//
	// The record of an end has the attributes cause (the label in Stats.Ended), err, code (of the close frame, 0:
	// none), remote, duration, messages_in, messages_out, bytes_in and bytes_out, and where it applies stack and
	// hint; that of a refusal check, status, remote, path, host, origin, subprotocols and err. Both carry the
	// session's or the request's context, from which a slog.Handler may take more. Nil: slog.Default().
	Logger *slog.Logger

	once           sync.Once
	set            settings
	reg            registry
	loggerPanicked sync.Once // told on stderr

	// Set by tests alone.
	parkAfter time.Duration // 0: defaultParkAfter
	lot       *socket.Lot   // nil: the process's
}

// ServeHTTP checks the handshake, upgrades it and runs OnOpen. It returns once OnOpen has; the
// session lives on. So what a middleware releases when it returns (a transaction, a pooled value, a
// span) is gone by the first message, and an access log sees the handshake alone. Over HTTP/2,
// middleware.ExtendedConnect is what stays for as long as the session does.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.reg.init()
	h.setup()
	subprotocol, refusal := h.check(r)
	if refusal == nil {
		refusal = h.reg.acquireSlot(h.MaxSessions)
	}
	if refusal != nil {
		h.refuse(w, r, refusal)
		return
	}
	upgraded := false
	defer func() {
		if !upgraded { // a middleware's Hijack may panic
			h.reg.releaseSlot()
		}
	}()
	s, refusal := h.upgrade(w, r, subprotocol)
	if refusal != nil {
		h.refuse(w, r, refusal)
		return
	}
	upgraded = true
	s.open(r)
}
