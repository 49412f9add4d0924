package wsecho

import "example.com/wsecho/wsecho/internal/socket"

// What tests look at, far below.
var (
	Parked   = socket.Parked
	Parkings = socket.Parkings
	BreakLot = socket.BreakLot
)

func Full(s *Session) bool  { return s.conn.Full() }
func Asked(s *Session) bool { return s.conn.Asked() }
func Unsent(s *Session) int { return s.conn.Unsent() }
