package wsechotest

import "time"

// faults are what a Link does to one of its streams; the zero value does nothing.
type faults struct {
	stopped  bool     // nothing reaches the reader
	vanished bool     // nor does either end learn of the other's
	broken   bool     // by a cut: both ends find the connection closed
	piece    int      // the most bytes that a Read gets; 0: no limit
	rate     int      // bytes a second; 0: no limit
	next     deadline // when more than that may be read; zero: now
	cutting  bool     // a cut is due
	untilCut int      // bytes that still pass before it
}

// holdsBack reports whether the reader must wait, whatever there is to read.
func (f *faults) holdsBack() bool {
	return f.stopped || f.vanished || !f.next.at.IsZero() && !f.next.passed()
}

// most returns how many bytes of n a Read may get at once.
func (f *faults) most(n int) int {
	if f.piece > 0 {
		n = min(n, f.piece)
	}
	if f.rate > 0 {
		n = min(n, max(1, f.rate/10)) // so that a rate is even, not one lump a second
	}
	return n
}

// admit returns how many bytes of n may still be written.
func (f *faults) admit(n int) int {
	if f.cutting {
		n = min(n, f.untilCut)
		f.untilCut -= n
	}
	return n
}

// delivered notes that n bytes have been read. The mutex is held.
func (s *stream) delivered(n int) {
	if f := &s.faults; f.rate > 0 {
		s.arm(&f.next, time.Now().Add(time.Duration(n)*time.Second/time.Duration(f.rate)))
	}
}

// cutIfDue cuts the connection once all bytes before the cut have been written. The mutex is held.
func (s *stream) cutIfDue() {
	if !s.faults.cutting || s.faults.untilCut > 0 {
		return
	}
	for _, s := range s.link.both() {
		s.faults.broken = true
		s.changed.Broadcast()
	}
}
