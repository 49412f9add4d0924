package wsecho

import "example.com/wsecho/wsecho/internal/wire"

// blame is whose fault an error is that a hook returns.
type blame int

const (
	blameHook  blame = iota // the hook's
	blamePeer               // the peer's, who is gone, as Write has said of this session
	blameOther              // another session's alone, which Write or TryWrite has said
)

// blameFor says whose fault err is. Of errors that are joined one of the hook's own counts, but for what Write
// says of this session's end: the hook may have failed because of that.
func (s *Session) blameFor(err error) (b blame) {
	defer func() {
		if recover() != nil { // an Unwrap of the service's
			b = blameHook
		}
	}()
	switch e := err.(type) {
	case *PanicError: // though it may be one with an error of Write
	case wire.WriteError:
		switch {
		case !e.Of(&s.conn):
			return blameOther
		case e.Ended():
			return blamePeer
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return s.blameFor(inner)
		}
	case interface{ Unwrap() []error }:
		return s.blameForAll(e.Unwrap())
	}
	return blameHook
}

// blameForAll is blameFor of errors that are joined.
func (s *Session) blameForAll(errs []error) blame {
	all := blameOther
	if len(errs) == 0 {
		all = blameHook
	}
	for _, err := range errs {
		switch s.blameFor(err) {
		case blamePeer:
			return blamePeer
		case blameHook:
			all = blameHook
		}
	}
	return all
}
