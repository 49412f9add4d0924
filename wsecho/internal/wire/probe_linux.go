package wire

// Unsent is how much of what was written the kernel has not sent yet.
func (c *Conn) Unsent() int { return c.sock.Unsent() }
