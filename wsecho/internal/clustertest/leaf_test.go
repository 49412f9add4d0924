package clustertest

import (
	"net/url"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"example.com/wsecho/wsecho/hub/natslog"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A node may be connected to a leaf that has no JetStream of its own, or one of another domain: Domain names the one
// that has the streams.
func TestLeafNode(t *testing.T) {
	t.Parallel()
	center := serverOptions("center", server.RANDOM_PORT, t.TempDir())
	center.JetStreamDomain = "center"
	center.LeafNode.Host, center.LeafNode.Port = "127.0.0.1", freePorts(t, 1)[0]
	startServerWith(t, center)

	leaf := serverOptions("leaf", server.RANDOM_PORT, t.TempDir())
	leaf.JetStreamDomain = "leaf"
	leaf.LeafNode.Remotes = []*server.RemoteLeafOpts{{URLs: []*url.URL{{Scheme: "nats", Host: loopback(center.LeafNode.Port)}}}}
	leafServer := startServerWith(t, leaf)
	await.Poll(t, "the leaf is connected", func() bool { return leafServer.NumLeafNodes() == 1 })

	var nodes []*service
	for range 2 {
		nodes = append(nodes, startServiceWith(t, leafServer.ClientURL(),
			&natslog.Log{Name: "test", Replicas: 1, Domain: "center", Manage: true}))
	}
	r := nodes[0].join("ann", "", "appear", "yes")
	r.next()
	nodes[1].publish("bob", 1, 10)
	for n := 1; n <= 10; {
		if r.next().From == "bob" {
			n++
		}
	}
	await.Poll(t, "the other node knows ann", func() bool { return nodes[1].here() == "ann" })
	if _, err := streams(t, nodes[0].nc).Stream(within(t), "WSECHO_test"); err == nil {
		t.Error("the stream is the leaf's own")
	}
}
