package auth

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// running are the requests that are being answered, by who sent them: a user, or an
// API key.
type running struct {
	mu   sync.Mutex
	ends map[sender]map[*context.CancelCauseFunc]bool
}

// sender is a user's id, or the hash of an API key.
type sender struct {
	id    string
	isKey bool
}

// enter returns a context that ends with the sender; leave ends it, too.
func (r *running) enter(ctx context.Context, from sender) (_ context.Context, leave func()) {
	ctx, end := context.WithCancelCause(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends == nil {
		r.ends = map[sender]map[*context.CancelCauseFunc]bool{}
	}
	if r.ends[from] == nil {
		r.ends[from] = map[*context.CancelCauseFunc]bool{}
	}
	r.ends[from][&end] = true
	return ctx, func() {
		r.leave(from, &end)
		end(nil)
	}
}

func (r *running) leave(from sender, end *context.CancelCauseFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ends[from], end)
	if len(r.ends[from]) == 0 {
		delete(r.ends, from)
	}
}

// end ends all requests of a sender. why is the answer to them.
func (r *running) end(from sender, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for end := range r.ends[from] {
		(*end)(why)
	}
}

// senders are those who have requests under way.
func (r *running) senders() []sender {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.ends))
}
