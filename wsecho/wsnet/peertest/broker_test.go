package peertest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsnet"
)

// TestBroker runs mqtt.js against a broker that knows nothing of wsecho: it is given a net.Listener.
func TestBroker(t *testing.T) {
	if _, err := os.Stat("node_modules/mqtt"); err != nil {
		t.Fatalf("run npm ci in wsecho/wsnet/peertest first: %v", err)
	}
	quiet := slog.New(slog.DiscardHandler)
	h := &wsecho.Handler{Subprotocols: []string{"mqtt"}, Logger: quiet}
	broker := mqtt.New(&mqtt.Options{Logger: quiet})
	users := &auth.Ledger{Auth: auth.AuthRules{{Username: "mallory", Allow: false}, {Allow: true}}, ACL: auth.ACLRules{{}}}
	if err := broker.AddHook(new(auth.Hook), &auth.Options{Ledger: users}); err != nil {
		t.Fatal(err)
	}
	if err := broker.AddListener(listeners.NewNet("websocket", wsnet.NewListener(h, websocket.MessageBinary))); err != nil {
		t.Fatal(err)
	}
	if err := broker.Serve(); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	defer srv.Close()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--test", "broker.test.js")
	cmd.Env = append(os.Environ(), "BROKER_URL="+strings.Replace(srv.URL, "http", "ws", 1))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}

	if err := broker.Close(); err != nil {
		t.Error(err)
	}
	if err := h.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	got := h.Stats()
	t.Logf("%+v", got)
	if got.Opened < 10 || got.Ended["lost"] != 1 || got.Ended["error"]+got.Ended["panic"]+got.Ended["protocol"] > 0 {
		t.Errorf("%+v", got)
	}
}
