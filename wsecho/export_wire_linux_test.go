package wsecho

// Parkings is how often a session of the process has been parked. It opens the lot, so that nobody
// does while tests look at it.
func Parkings() uint64 {
	lot.once.Do(lot.open)
	lot.mu.Lock()
	defer lot.mu.Unlock()
	return lot.last
}
