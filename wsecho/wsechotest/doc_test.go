package wsechotest_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

func TestSlowHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{
			OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
				ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
				defer cancel()
				<-ctx.Done() // an upstream that does not answer
				return websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "try again later"}
			},
		}
		begin := time.Now()
		c := wsechotest.Dial(t, h, "/", nil)
		if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.Read(t.Context())
		if code := websocket.CloseStatus(err); code != websocket.StatusTryAgainLater {
			t.Errorf("the client saw %v", err)
		}
		if d := time.Since(begin); d != 30*time.Second {
			t.Errorf("after %v", d)
		}
	})
}

// The test in the package's doc comment is the one above.
func TestDocComment(t *testing.T) {
	source := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	test := regexp.MustCompile(`(?ms)^func TestSlowHook.*?^}\n`).FindString(source("doc_test.go"))
	comment := "//\t" + strings.ReplaceAll(strings.TrimSuffix(test, "\n"), "\n", "\n//\t") + "\n"
	if !strings.Contains(source("wsechotest.go"), comment) {
		t.Errorf("the doc comment does not have\n%s", comment)
	}
}
