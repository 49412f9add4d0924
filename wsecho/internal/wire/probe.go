package wire

// What tests of the packages above need to know of a Conn.

// Tick is a tick of its timer.
func (c *Conn) Tick() { c.onTick() }

// Deflating says whether a message is being deflated.
func (c *Conn) Deflating() bool {
	if !c.deflate.TryLock() {
		return true
	}
	c.deflate.Unlock()
	return false
}

// Full says whether so much waits in the socket that the peer may be unable to send more.
func (c *Conn) Full() bool {
	_, full := c.sock.Unread()
	return full
}

// Asked says whether the reader has been asked whether it can be spared, and has not answered.
func (c *Conn) Asked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keep.asked
}
