package wsecho

// Parkings is how often a session of the process has been parked. It opens the lot, so that nobody
// does while tests look at it.
func Parkings() uint64 {
	lot.mu.Lock()
	defer lot.mu.Unlock()
	lot.open()
	return lot.last
}
