package wsecho

// Parked is how many sessions of the process wait without a goroutine.
func Parked() int {
	lot.mu.Lock()
	defer lot.mu.Unlock()
	return len(lot.parked)
}

// BreakLot makes every parking fail until it is mended.
func BreakLot() (mend func()) {
	set := func(fd int) (was int) {
		lot.mu.Lock()
		defer lot.mu.Unlock()
		lot.open()
		was, lot.epfd = lot.epfd, fd
		return was
	}
	fd := set(-1)
	return func() { set(fd) }
}
