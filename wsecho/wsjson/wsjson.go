// Package wsjson reads and writes messages that are JSON: one text message is one value.
//
//	h := &wsecho.Handler{OnMessage: wsjson.Func(func(ctx context.Context, s *wsecho.Session, o order) error {
//		return wsjson.Write(ctx, s, receipt{o.ID})
//	})}
//
// A message that is too long is the Handler's ReadLimit to refuse. What encoding/json is lenient about stays so: unknown
// fields are dropped, names match in any case, and null leaves a T as it is.
package wsjson

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// Func returns the MessageFunc that hands each message to f as a T. v is f's to keep. f's error is the
// hook's: see wsecho.MessageFunc.
//
// Text that is not the JSON of a T ends the session with 1007 and a reason that names the field, never what is
// in it; a binary message ends it with 1003. To answer instead what is well-formed JSON but not valid, let f check
// it, as in the example: a T of json.RawMessage lets every JSON through.
//
// Func panics if f is nil.
func Func[T any](f func(ctx context.Context, s *wsecho.Session, v T) error) wsecho.MessageFunc {
	if f == nil {
		panic("wsjson.Func: the function is nil")
	}
	return func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		if typ != websocket.MessageText {
			return websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "not a text message"}
		}
		var v T
		if err := json.Unmarshal(p, &v); err != nil {
			return websocket.CloseError{Code: websocket.StatusInvalidFramePayloadData, Reason: reason(err)}
		}
		return f(ctx, s, v)
	}
}

// Write sends v as JSON in a text message. It waits for room as wsecho's Session.Write does, and returns its
// errors, or that of json.Marshal, wrapped.
//
// For many sessions, marshal once and give each the bytes with Session.TryWrite.
func Write(ctx context.Context, s *wsecho.Session, v any) error {
	p, err := encode(v)
	if err != nil {
		return err
	}
	return s.Write(ctx, websocket.MessageText, p)
}

// TryWrite is Write without the wait: it returns wsecho.ErrWriteLimit if there is no room.
func TryWrite(s *wsecho.Session, v any) error {
	p, err := encode(v)
	if err != nil {
		return err
	}
	return s.TryWrite(websocket.MessageText, p)
}

// encode returns v as JSON.
func encode(v any) ([]byte, error) {
	p, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("wsecho: encode a %T as JSON: %w", v, err)
	}
	return p, nil
}
