package main

import "sync"

// A room holds the sessions of a server whose library keeps no list of them, for the fan-out.
type room[S comparable] struct {
	mu      sync.RWMutex
	members map[S]struct{}
}

func (r *room[S]) join(s S) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members == nil {
		r.members = make(map[S]struct{})
	}
	r.members[s] = struct{}{}
}

func (r *room[S]) leave(s S) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, s)
}

func (r *room[S]) each(f func(S)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for s := range r.members {
		f(s)
	}
}
