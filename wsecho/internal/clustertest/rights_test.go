package clustertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho/hub/natslog"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// rights is an account of the service's own, with what the package comment of natslog says that the nodes need.
const rights = `
jetstream { store_dir: "<dir>", max_mem: 1G, max_file: 8G }
accounts {
	chat {
		jetstream: enabled
		users: [
			{ user: node, password: x, permissions: {
				publish: [
					"wsecho.test.log.>", "wsecho.test.here.>", "wsecho.test.node.*",
					"$JS.API.DIRECT.GET.WSECHO_test", "$JS.API.STREAM.INFO.WSECHO_test",
					"$JS.API.DIRECT.GET.WSECHO_test_HERE", "$JS.API.STREAM.INFO.WSECHO_test_HERE",
					"$JS.API.STREAM.PURGE.WSECHO_test_HERE",
					"$JS.API.STREAM.CREATE.WSECHO_test", "$JS.API.STREAM.UPDATE.WSECHO_test",
					"$JS.API.STREAM.CREATE.WSECHO_test_HERE", "$JS.API.STREAM.UPDATE.WSECHO_test_HERE",
				]
				subscribe: ["wsecho.test.live.>", "_INBOX.>"]
			} }
			{ user: bot, password: x, permissions: {
				publish: ["wsecho.test.log.room.>"], subscribe: ["_INBOX.>"]
			} }
		]
	}
}`

// TestRights holds that those rights are enough, and that they keep others from forging.
func TestRights(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(rights, "<dir>", t.TempDir())), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o.Host, o.Port, o.NoSigs = "127.0.0.1", server.RANDOM_PORT, true
	url := startServerWith(t, o).ClientURL()

	refused := make(chan error, 10)
	note := nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		select {
		case refused <- err:
		default:
		}
	})
	one := startService(t, url, nats.UserInfo("node", "x"), note)
	two := startService(t, url, nats.UserInfo("node", "x"), note)
	r := one.join("ann", "", "appear", "yes")
	r.next()
	await.Poll(t, "the other node knows ann", func() bool { return two.here() == "ann" })
	two.publish("bob", 1, 10)
	for n := 1; n <= 10; {
		if f := r.next(); f.From == "bob" {
			n++
		}
	}
	one.nc.Close()
	await.Poll(t, "a dead node's users are gone", func() bool { return two.here() == "" })
	select {
	case err := <-refused:
		t.Fatalf("a node was refused: %v", err)
	default:
	}

	bot, err := natslog.Connect(url, nats.UserInfo("bot", "x"), note)
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close()
	r = two.join("eve", "")
	r.next()
	for _, subject := range []string{"wsecho.test.live.room.go", "wsecho.test.log.user.eve"} {
		bot.Publish(subject, []byte("0"))
		if err := <-refused; !strings.Contains(err.Error(), "Permissions Violation") {
			t.Errorf("%s: %v", subject, err)
		}
	}
	store(t, streams(t, bot), "wsecho.test.log.room.go", "11", nats.Header{"From": {"bob"}})
	r.expect("bob", 11, 11)
}
