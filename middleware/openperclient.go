package middleware

import (
	"maps"
	"sync"
)

// openPerClient counts the open connections of each client that has any.
type openPerClient struct {
	limit int

	mu   sync.Mutex
	open map[string]int
	most int // clients that open has held at once
}

// add counts one more, unless the client is at the limit.
func (c *openPerClient) add(client string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[client] >= c.limit {
		return false
	}
	c.open[client]++
	c.most = max(c.most, len(c.open))
	return true
}

func (c *openPerClient) remove(client string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[client]--; c.open[client] == 0 {
		delete(c.open, client)
	}
	if len(c.open) < c.most/4 { // a map never shrinks; at a quarter, copying costs little for each that left
		smaller := make(map[string]int, len(c.open))
		maps.Copy(smaller, c.open)
		c.open, c.most = smaller, len(smaller)
	}
}
