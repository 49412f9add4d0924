package natslog

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
)

// Connect waits for servers that are not there yet, and sets all that a Log would warn of.
func TestConnectSetsWhatMatters(t *testing.T) {
	nc, err := Connect("nats://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if nc.IsConnected() || nc.IsClosed() {
		t.Errorf("the connection is %s", nc.Status())
	}
	if warned := warnings(nc.Opts); warned != "" {
		t.Errorf("Log warns of %s", warned)
	}
	for _, option := range []string{"ReconnectBufSize", "MaxReconnects", "PingInterval"} {
		if warned := warnings(nats.GetDefaultOptions()); !strings.Contains(warned, option) {
			t.Errorf("of nats.Connect's own options Log does not warn of %s: %s", option, warned)
		}
	}
}

func TestCallersOptionsWin(t *testing.T) {
	nc, err := Connect("nats://127.0.0.1:1", nats.Name("mine"), nats.MaxReconnects(3))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if nc.Opts.Name != "mine" || nc.Opts.MaxReconnect != 3 {
		t.Errorf("name %q, MaxReconnects %d", nc.Opts.Name, nc.Opts.MaxReconnect)
	}
	if warned := warnings(nc.Opts); !strings.Contains(warned, "MaxReconnects") {
		t.Errorf("Log warns of %s", warned)
	}
}

func warnings(o nats.Options) string {
	var b bytes.Buffer
	warnOfOptions(slog.New(slog.NewTextHandler(&b, nil)), o)
	return b.String()
}
