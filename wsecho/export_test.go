package wsecho

import "time"

// ParkAfter sets, before the first ServeHTTP, how long a session of h is quiet before it parks.
func ParkAfter(h *Handler, d time.Duration) { h.parkAfter, h.lot = d, &testLot }
