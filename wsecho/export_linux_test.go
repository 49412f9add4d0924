package wsecho

// Parked is how many sessions of the process wait without a goroutine.
func Parked() int {
	lot.mu.Lock()
	defer lot.mu.Unlock()
	return len(lot.parked)
}
