package wsnet_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsnet"
)

// A server that knows net.Conn and nothing of WebSockets.
func ExampleNewListener() {
	h := &wsecho.Handler{}
	l := wsnet.NewListener(h, websocket.MessageText)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the listener has been closed
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					fmt.Fprintf(c, "%q has %d bytes\n", lines.Text(), len(lines.Bytes()))
				}
			}()
		}
	}()
	srv := httptest.NewServer(h)
	defer srv.Close()

	ctx := context.Background()
	c, _, _ := websocket.Dial(ctx, srv.URL, &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}})
	defer c.Close(websocket.StatusNormalClosure, "")
	for _, part := range []string{"a line in ", "two messages\n"} {
		c.Write(ctx, websocket.MessageText, []byte(part))
	}
	_, p, _ := c.Read(ctx)
	fmt.Printf("%s", p)
	// Output: "a line in two messages" has 22 bytes
}
