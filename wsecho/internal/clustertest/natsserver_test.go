package clustertest

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// serverOptions returns a NATS server with JetStream, on the loopback alone.
func serverOptions(name string, port int, dir string) *server.Options {
	return &server.Options{
		ServerName: name, Host: "127.0.0.1", Port: port, NoSigs: true,
		JetStream: true, StoreDir: dir, JetStreamMaxMemory: 1 << 30, JetStreamMaxStore: 8 << 30,
	}
}

// startServer runs a NATS server in this process until the test ends.
func startServer(t testing.TB) *server.Server {
	t.Helper()
	return startServerWith(t, serverOptions("alone", server.RANDOM_PORT, t.TempDir()))
}

func startServerWith(t testing.TB, o *server.Options) *server.Server {
	t.Helper()
	o.NoLog = true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(await.Patience) {
		t.Fatal("nats-server does not start")
	}
	return s
}

// runNATS is the role of a NATS server.
func runNATS(args []string) {
	f := flag.NewFlagSet("nats", flag.ExitOnError)
	name := f.String("name", "", "")
	port := f.Int("port", 0, "")
	dir := f.String("dir", "", "")
	clusterPort := f.Int("cluster-port", 0, "")
	routes := f.String("routes", "", "")
	f.Parse(args)
	o := serverOptions(*name, *port, *dir)
	if *clusterPort != 0 {
		o.Cluster = server.ClusterOpts{Name: "clustertest", Host: "127.0.0.1", Port: *clusterPort}
		o.Routes = server.RoutesFromStr(*routes)
	}
	s, err := server.NewServer(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.ConfigureLogger()
	s.Start()
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	s.Shutdown()
	s.WaitForShutdown()
}

// natsURLs lists the addresses of servers.
func natsURLs(ports []int) string {
	urls := make([]string, len(ports))
	for i, port := range ports {
		urls[i] = "nats://" + loopback(port)
	}
	return strings.Join(urls, ",")
}

func stopServer(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}
