package clustertest

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// fault is one row of the table: what goes wrong while a crowd talks.
type fault struct {
	name    string
	servers int
	short   bool // CI runs it too
	strike  func(c *cluster)
}

// faults are the rows. Each leaves the cluster as it was.
var faults = []fault{
	{"a node is drained, another killed", 3, true, func(c *cluster) {
		c.nodes[0].stop()
		time.Sleep(2 * time.Second)
		c.nodes[0].start()
		time.Sleep(time.Second)
		c.nodes[1].kill()
		time.Sleep(2 * time.Second)
		c.nodes[1].start()
	}},
	{"3 servers, kill -9 of each in turn", 3, false, func(c *cluster) {
		for _, p := range c.servers {
			p.kill()
			time.Sleep(2 * time.Second)
			p.start()
			time.Sleep(6 * time.Second)
		}
	}},
	{"3 servers, kill -9 of the stream's leader", 3, true, func(c *cluster) {
		p := c.leader()
		p.kill()
		time.Sleep(10 * time.Second)
		p.start()
	}},
	{"3 servers, SIGSTOP of the stream's leader", 3, false, func(c *cluster) {
		p := c.leader()
		p.signal(syscall.SIGSTOP)
		time.Sleep(14 * time.Second)
		p.signal(syscall.SIGCONT)
	}},
	{"3 servers, kill -9 of all at once, 3 s", 3, true, func(c *cluster) {
		for _, p := range c.servers {
			p.kill()
		}
		time.Sleep(3 * time.Second)
		for _, p := range c.servers {
			p.launch()
		}
		for _, p := range c.servers {
			p.listening()
		}
	}},
	{"1 server, kill -9, 2 s", 1, true, func(c *cluster) {
		c.servers[0].kill()
		time.Sleep(2 * time.Second)
		c.servers[0].start()
	}},
	{"1 server, SIGTERM, 2 s", 1, false, func(c *cluster) {
		c.servers[0].stop()
		time.Sleep(2 * time.Second)
		c.servers[0].start()
	}},
	{"1 server; a node SIGSTOP 6 s", 1, true, func(c *cluster) {
		c.nodes[2].signal(syscall.SIGSTOP)
		time.Sleep(6 * time.Second)
		c.nodes[2].signal(syscall.SIGCONT)
	}},
}

// TestFaults lets crowds talk while parts of the service fail. Nobody may miss a message, get one twice or in another
// order than others, or be told that it may have missed one.
func TestFaults(t *testing.T) {
	var table []string
	for _, servers := range []int{3, 1} {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			c := startCluster(t, servers, 3)
			for round := range *rounds {
				for i, f := range faults {
					if f.servers == servers && (leaktest.Long() || f.short) {
						t.Run(f.name, func(t *testing.T) { table = append(table, strike(t, c, f, fmt.Sprintf("c%d-%d", round, i))) })
					}
				}
			}
			c.stopNodes()
		})
	}
	if leaktest.Long() {
		fmt.Println(strings.Join(append([]string{tableHead}, table...), "\n"))
	}
}

// strike lets a crowd of that name talk before, while and after f happens. It returns the row of the table.
func strike(t *testing.T, c *cluster, f fault, name string) string {
	w := startCrowd(t, c, name)
	steady, after := time.Second, 3*time.Second
	if leaktest.Long() {
		steady, after = 5*time.Second, 10*time.Second
	}
	time.Sleep(steady)
	f.strike(c)
	time.Sleep(after)
	return w.finish(f.name, 0)
}
