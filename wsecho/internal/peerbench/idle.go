package main

import (
	"fmt"
	"syscall"
	"time"

	"example.com/wsecho/wsecho/internal/peerbench/child"
)

// idle measures what a session holds that has echoed once and been quiet since. Memory minds no company, so as many servers as
// the limit on open files allows are quiet together.
func (p plan) idle(record func(peer, sample)) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	const others = 200 // files that are not sessions
	atOnce := (int(min(limit.Cur, 1<<20)) - others) / p.idlers
	if atOnce < 1 {
		return fmt.Errorf("%d idle sessions need %d open files, the limit is %d: see ulimit -n", p.idlers, p.idlers+others, limit.Cur)
	}
	for left := p.peers; len(left) > 0; {
		n := min(atOnce, len(left))
		if err := p.idleTogether(left[:n], record); err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

func (p plan) idleTogether(peers []peer, record func(peer, sample)) error {
	type full struct {
		*child.Process
		conns
		empty child.Footprint
	}
	var servers []full
	defer func() {
		for _, s := range servers {
			s.Stop()
			s.conns.Close()
		}
	}()
	for _, peer := range peers {
		s, err := start(peer)
		if err != nil {
			return fmt.Errorf("%s: %w", peer.name, err)
		}
		servers = append(servers, full{Process: s})
		f := &servers[len(servers)-1]
		if f.empty, err = s.Memory(); err != nil {
			return fmt.Errorf("%s: %w", peer.name, err)
		}
		if f.conns, err = p.greet(p.idlers, text, s.Addr); err != nil {
			return fmt.Errorf("%s: %w", peer.name, err)
		}
	}
	time.Sleep(p.quiet)
	for i, s := range servers {
		now, err := s.Memory()
		if err != nil {
			return fmt.Errorf("%s: %w", peers[i].name, err)
		}
		record(peers[i], sample{
			bytes:      float64(int64(now.Bytes)-int64(s.empty.Bytes)) / float64(p.idlers),
			goroutines: float64(now.Goroutines-s.empty.Goroutines) / float64(p.idlers),
		})
	}
	return nil
}
