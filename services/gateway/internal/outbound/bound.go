package outbound

import "sync"

// Bound limits how many things of the same key are under way at once: the requests
// for one user, or to one host, so that a slow one does not hold up the others.
type Bound struct {
	most int

	mu   sync.Mutex
	busy map[string]int
}

// NewBound allows so many of each key.
func NewBound(most int) *Bound { return &Bound{most: most, busy: map[string]int{}} }

// Enter takes a place until leave is called; false: all are taken.
func (b *Bound) Enter(key string) (leave func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy[key] >= b.most {
		return nil, false
	}
	b.busy[key]++
	return func() { b.leave(key) }, true
}

func (b *Bound) leave(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy[key]--; b.busy[key] == 0 {
		delete(b.busy, key)
	}
}
