package wsjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsjson"
)

// A message is {"type":…,"data":…}; what is wrong with its data is answered, and the session goes on.
func Example() {
	type message struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data,omitempty"`
	}
	answer := func(ctx context.Context, s *wsecho.Session, typ string, v any) error {
		return wsjson.Write(ctx, s, map[string]any{"type": typ, "data": v})
	}
	kinds := map[string]func(ctx context.Context, s *wsecho.Session, data json.RawMessage) error{
		"add": func(ctx context.Context, s *wsecho.Session, data json.RawMessage) error {
			var terms []int
			if json.Unmarshal(data, &terms) != nil || len(terms) != 2 {
				return answer(ctx, s, "error", "add wants two whole numbers")
			}
			return answer(ctx, s, "sum", terms[0]+terms[1])
		},
		"ping": func(ctx context.Context, s *wsecho.Session, _ json.RawMessage) error {
			return answer(ctx, s, "pong", nil)
		},
	}
	h := &wsecho.Handler{OnMessage: wsjson.Func(func(ctx context.Context, s *wsecho.Session, m message) error {
		if do, ok := kinds[m.Type]; ok {
			return do(ctx, s, m.Data)
		}
		return answer(ctx, s, "error", "unknown type "+m.Type)
	})}

	hear(h,
		`{"type":"add","data":[2,3]}`, `{"type":"add","data":[2,"x"]}`, `{"type":"sing"}`, `{"type":"ping"}`, `{"type":7}`)
	// Output:
	// {"data":5,"type":"sum"}
	// {"data":"add wants two whole numbers","type":"error"}
	// {"data":"unknown type sing","type":"error"}
	// {"data":null,"type":"pong"}
	// closed: 1007 JSON: wrong value in field type
}

func ExampleFunc() {
	type point struct{ X, Y int }
	h := &wsecho.Handler{OnMessage: wsjson.Func(func(ctx context.Context, s *wsecho.Session, p point) error {
		return wsjson.Write(ctx, s, point{p.Y, p.X})
	})}
	hear(h, `{"x":1,"y":2}`, `{"x":1,"y":"two"}`)
	// Output:
	// {"X":2,"Y":1}
	// closed: 1007 JSON: wrong value in field Y
}

// Write waits while too much waits for the peer.
func ExampleWrite() {
	h := &wsecho.Handler{OnMessage: wsjson.Func(func(ctx context.Context, s *wsecho.Session, name string) error {
		return wsjson.Write(ctx, s, map[string]string{"hello": name})
	})}
	hear(h, `"ann"`)
	// Output: {"hello":"ann"}
}

// TryWrite never waits: a broadcast that one slow reader must not hold up.
func ExampleTryWrite() {
	h := &wsecho.Handler{}
	h.OnMessage = wsjson.Func(func(_ context.Context, _ *wsecho.Session, said string) error {
		for s := range h.Sessions() {
			if err := wsjson.TryWrite(s, []string{"somebody says", said}); err != nil {
				continue // it is full or gone
			}
		}
		return nil
	})
	hear(h, `"good morning"`)
	// Output: ["somebody says","good morning"]
}

// hear opens a session with h, sends each message and prints what comes back.
func hear(h *wsecho.Handler, messages ...string) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, srv.URL, &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}})
	if err != nil {
		panic(err)
	}
	defer c.CloseNow()
	for _, m := range messages {
		c.Write(ctx, websocket.MessageText, []byte(m))
		_, p, err := c.Read(ctx)
		if ce := (websocket.CloseError{}); errors.As(err, &ce) {
			fmt.Println("closed:", int(ce.Code), ce.Reason)
			return
		}
		fmt.Printf("%s\n", p)
	}
}
