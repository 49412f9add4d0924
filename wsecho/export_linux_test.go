package wsecho

import "example.com/wsecho/wsecho/internal/socket"

var testLot socket.Lot

// Parked is how many sessions of handlers that ParkAfter was told of are parked.
func Parked() int { return testLot.Len() }

// Parkings is how often one was.
func Parkings() uint64 { return testLot.Count() }
