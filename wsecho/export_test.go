package wsecho

import (
	"time"

	"example.com/wsecho/wsecho/internal/socket"
)

// ParkAfter sets, before the first ServeHTTP, how long a session of h is quiet before it parks, and gives h
// a Lot of its own.
func ParkAfter(h *Handler, d time.Duration) { ParkIn(h, d, new(socket.Lot)) }

// ParkIn is ParkAfter with a Lot that h may share with others.
func ParkIn(h *Handler, d time.Duration, l *socket.Lot) { h.parkAfter, h.lot = d, l }

// Lot returns where the sessions of h wait, once ParkAfter has been told of it.
func Lot(h *Handler) *socket.Lot { return h.lot }
