package clustertest

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/hub/natslog"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A cluster is NATS servers and nodes of the service, each in a process of its own.
type cluster struct {
	t       testing.TB
	servers []*process
	nodes   []*process
	nats    string // the servers' addresses
}

// startCluster starts 1 or 3 servers and some nodes.
func startCluster(t testing.TB, servers, nodes int) *cluster {
	t.Helper()
	dir := t.TempDir()
	c := &cluster{t: t}
	ports := freePorts(t, 2*servers+nodes)
	clients, routes, http := ports[:servers], ports[servers:2*servers], ports[2*servers:]
	c.nats = natsURLs(clients)
	for i, port := range clients {
		name := fmt.Sprintf("server-%d", i+1)
		args := []string{"-name", name, "-port", strconv.Itoa(port), "-dir", filepath.Join(dir, name)}
		if servers > 1 {
			args = append(args, "-cluster-port", strconv.Itoa(routes[i]), "-routes", natsURLs(routes))
		}
		c.servers = append(c.servers, newProcess(t, dir, "nats", name, port, args...))
	}
	for i, port := range http {
		c.nodes = append(c.nodes, newProcess(t, dir, "node", fmt.Sprintf("node-%d", i+1), port,
			"-addr", loopback(port), "-nats", c.nats, "-replicas", strconv.Itoa(servers)))
	}
	for _, p := range c.servers {
		p.launch()
	}
	for _, p := range c.servers {
		p.listening()
	}
	for _, p := range c.nodes {
		p.launch()
	}
	for _, p := range c.nodes {
		p.listening()
	}
	return c
}

// leader returns the server that leads the stream.
func (c *cluster) leader() *process {
	c.t.Helper()
	nc, err := natslog.Connect(c.nats)
	if err != nil {
		c.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		c.t.Fatal(err)
	}
	for end := time.Now().Add(await.Patience); ; time.Sleep(100 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		s, err := js.Stream(ctx, "WSECHO_test")
		cancel()
		if err == nil && s.CachedInfo().Cluster != nil {
			for _, p := range c.servers {
				if p.name == strings.TrimSpace(s.CachedInfo().Cluster.Leader) {
					return p
				}
			}
		}
		if time.Now().After(end) {
			c.t.Fatalf("the stream has no leader: %v", err)
		}
	}
}

// stopNodes drains all nodes, which must end well.
func (c *cluster) stopNodes() {
	c.t.Helper()
	for _, p := range c.nodes {
		p.stop()
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			c.t.Errorf("%s ends with %d\n%s", p.name, code, p.output())
		}
	}
}
