package wsjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsjson"
)

// picky is a value whose own UnmarshalJSON says too much.
type picky string

func (*picky) UnmarshalJSON(p []byte) error { return fmt.Errorf("I do not like %s", p) }

// profile has a field of each kind that JSON can get wrong.
type profile struct {
	Name string `json:"name"`
	Age  int8   `json:"age"`
	At   struct {
		Town []string `json:"town"`
	} `json:"at"`
	Taste *picky `json:"taste"`
}

// Each row is a message and the close frame that it earns.
func TestWhatIsRefused(t *testing.T) {
	h := &wsecho.Handler{OnMessage: wsjson.Func(func(_ context.Context, _ *wsecho.Session, p profile) error {
		return websocket.CloseError{Code: 4000, Reason: p.Name}
	})}
	for name, row := range map[string]struct {
		typ     websocket.MessageType
		message string
		code    websocket.StatusCode
		reason  string
	}{
		"what is right":          {websocket.MessageText, `{"name":"ann","age":7}`, 4000, "ann"},
		"binary":                 {websocket.MessageBinary, `{"name":"ann"}`, 1003, "not a text message"},
		"nothing":                {websocket.MessageText, ``, 1007, "JSON: syntax error at offset 0"},
		"half of it":             {websocket.MessageText, `{"name":"secr`, 1007, "JSON: syntax error at offset 13"},
		"no JSON":                {websocket.MessageText, `secret`, 1007, "JSON: syntax error at offset 1"},
		"more than one value":    {websocket.MessageText, `{} secret`, 1007, "JSON: syntax error at offset 4"},
		"another type":           {websocket.MessageText, `{"name":{"secret":1}}`, 1007, "JSON: wrong value in field name"},
		"a number out of range":  {websocket.MessageText, `{"age":1234567}`, 1007, "JSON: wrong value in field age"},
		"a field within a field": {websocket.MessageText, `{"at":{"town":["secret",{}]}}`, 1007, "JSON: wrong value in field at.town"},
		"another value outside":  {websocket.MessageText, `["secret"]`, 1007, "JSON: wrong value at offset 1"},
		"an error of its own":    {websocket.MessageText, `{"taste":"secret"}`, 1007, "JSON: wrong value"},
	} {
		t.Run(name, func(t *testing.T) {
			c := wsechotest.Dial(t, h, "/", nil)
			if err := c.Write(t.Context(), row.typ, []byte(row.message)); err != nil {
				t.Fatal(err)
			}
			_, _, err := c.Read(t.Context())
			var got websocket.CloseError
			if !errors.As(err, &got) || got.Code != row.code || got.Reason != row.reason {
				t.Errorf("%v, want %d %q", err, row.code, row.reason)
			}
		})
	}
}

// A reason fits a close frame before wsecho cuts it, so that a decorator may read the CloseError.
func TestLongField(t *testing.T) {
	type inner struct {
		End int `json:"the-end-of-a-path-that-is-too-long-é-é-é-é-é"`
	}
	type middle struct {
		Inner inner `json:"a-name-that-is-too-long-é-é-é-é-é-é-é-é"`
	}
	type outer struct {
		Middle middle `json:"a-name-that-is-too-long-as-well-é-é-é-é-é-é-é"`
		Other  middle `json:"a-name-that-is-too-long-as-well-é-é-é-é-é-é-é-"` // cuts the other half of an é
	}
	f := wsjson.Func(func(context.Context, *wsecho.Session, outer) error { return nil })
	for _, more := range []string{"", "-"} {
		message := `{"a-name-that-is-too-long-as-well-é-é-é-é-é-é-é` + more + `":{"a-name-that-is-too-long-é-é-é-é-é-é-é-é":{"the-end-of-a-path-that-is-too-long-é-é-é-é-é":"secret"}}}`
		err := f(t.Context(), nil, websocket.MessageText, []byte(message))
		ce, ok := err.(websocket.CloseError)
		if !ok || len(ce.Reason) > 123 || len(ce.Reason) < 120 || !utf8.ValidString(ce.Reason) ||
			!strings.HasPrefix(ce.Reason, "JSON: wrong value in field …") || !strings.HasSuffix(ce.Reason, ".the-end-of-a-path-that-is-too-long-é-é-é-é-é") {
			t.Errorf("%T %v", err, err)
		}
	}
}

// What cannot be encoded is the caller's error, and nothing of it is sent.
func TestWhatIsNoJSON(t *testing.T) {
	h := &wsecho.Handler{OnMessage: wsjson.Func(func(ctx context.Context, s *wsecho.Session, _ any) error {
		var unsupported *json.UnsupportedValueError
		for _, err := range []error{wsjson.Write(ctx, s, math.NaN()), wsjson.TryWrite(s, []float64{math.Inf(1)})} {
			if !errors.As(err, &unsupported) {
				return err
			}
		}
		return wsjson.TryWrite(s, "still here")
	})}
	c := wsechotest.Dial(t, h, "/", nil)
	c.Write(t.Context(), websocket.MessageText, []byte("null"))
	if _, p, err := c.Read(t.Context()); string(p) != `"still here"` {
		t.Errorf("%q, %v", p, err)
	}
}

// The errors of Write and TryWrite are the session's.
func TestErrors(t *testing.T) {
	got := make(chan error, 3)
	h := &wsecho.Handler{WriteLimit: 1 << 10, OnMessage: wsjson.Func(func(ctx context.Context, s *wsecho.Session, _ any) error {
		err := error(nil)
		for err == nil { // more than the socket takes
			err = wsjson.TryWrite(s, strings.Repeat("x", 1<<10))
		}
		got <- err
		s.Close(websocket.StatusNormalClosure, "")
		got <- wsjson.Write(ctx, s, 1)
		return nil
	})}
	c := wsechotest.Dial(t, h, "/", nil)
	c.Write(t.Context(), websocket.MessageText, []byte("null"))
	if err := <-got; !errors.Is(err, wsecho.ErrWriteLimit) {
		t.Errorf("TryWrite: %v", err)
	}
	var ce websocket.CloseError
	if err := <-got; !errors.As(err, &ce) || ce.Code != websocket.StatusNormalClosure {
		t.Errorf("Write: %v", err)
	}
}

func TestNilFunc(t *testing.T) {
	defer func() {
		if got := recover(); got != "wsjson.Func: the function is nil" {
			t.Errorf("panic %v", got)
		}
	}()
	wsjson.Func[int](nil)
}
