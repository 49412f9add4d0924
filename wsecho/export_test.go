package wsecho

import "time"

// ParkAfter sets, before the first ServeHTTP, how long a session of h is quiet before it parks.
func ParkAfter(h *Handler, d time.Duration) { h.set.wire.ParkAfter = d }

// Tick is a tick of the session's timer.
func Tick(s *Session) { s.conn.Tick() }

// Deflating says whether a message is being deflated.
func Deflating(s *Session) bool { return s.conn.Deflating() }
