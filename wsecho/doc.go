// Package wsecho mounts a WebSocket endpoint on a net/http or chi service. It performs the
// subprotocol-checked upgrade and hands the session to hooks; without hooks it echoes:
//
//	r := chi.NewRouter()
//	r.Handle("/ws", &wsecho.Handler{}) // speaks "echo-protocol"
//
// # Hooks
//
// OnOpen meets a new session, OnMessage each of its messages, OnClose its end:
//
//	h := &wsecho.Handler{
//		Subprotocols: []string{"chat.v1"},
//		OnOpen: func(s *wsecho.Session, r *http.Request) error {
//			s.Data = &member{room: chi.URLParam(r, "room")}
//			return nil
//		},
//		OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
//			return broadcast(s.Data.(*member).room, typ, p)
//		},
//		OnClose: func(ctx context.Context, s *wsecho.Session, err error) {
//			leave(ctx, s.Data.(*member), websocket.CloseStatus(err))
//		},
//	}
//
// One session's hooks never overlap. A hook may block: its session's messages wait meanwhile, and
// those of no other. It must not wait for another message of the same peer. An error that a hook returns
// ends the session: a websocket.CloseError, not wrapped, is what the peer sees; any other, or a panic, is
// logged and sent as 1011 without its text. That another session could not be written to ends only that one, if
// any, so that a hook may return what a broadcast came to.
//
// # Messages
//
// The bytes that OnMessage gets are the hook's to read and change until it returns; clone them for a
// goroutine. Write and TryWrite copy theirs before they return, and may be called from any goroutine:
// Write waits while too much waits for the peer, TryWrite returns ErrWriteLimit. A broadcast wants
// TryWrite, so that one slow reader does not keep the others waiting, and better TryWritePrepared: what Prepare
// returns is framed and compressed once, however many get it. Who has no room misses the message; who takes
// nothing at all is ended by WriteTimeout. What a write says of another session never ends the one whose hook
// returns it. Session.Go runs what pushes.
//
// # Limits
//
// What one peer can make a session cost has limits, on by default: the size of a message (ReadLimit) and the
// time it takes to arrive (ReadTimeout), what waits for the peer (WriteLimit), how long it may take nothing of that
// (WriteTimeout), stay silent (PongTimeout) or leave a close unanswered (CloseTimeout). How many sessions there are
// is bounded by MaxSessions, which is off by default. Browser pages of other origins are refused unless
// OriginPatterns admits them.
//
// # Shutting down
//
// http.Server.Shutdown neither tells upgraded connections nor waits for them. Handler.Shutdown does
// both; call the two at once, so that a slow request does not use up the time of the sessions:
//
//	drained := make(chan error, 1)
//	go func() { drained <- h.Shutdown(ctx) }()
//	err := errors.Join(srv.Shutdown(ctx), <-drained)
//
// # Testing
//
// Package wsechotest serves a handler in memory, also in a testing/synctest bubble, where a timeout
// of an hour passes at once.
package wsecho
