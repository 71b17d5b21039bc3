package auth

import (
	"context"
	"errors"
	"sync"
)

// errExpelled is the cause of the end of requests whose user was erased meanwhile.
var errExpelled = errors.New("the user is erased")

// running are the requests that are being answered, by user.
type running struct {
	mu   sync.Mutex
	ends map[string]map[*context.CancelCauseFunc]bool
}

// enter returns a context that ends with the user; leave ends it, too.
func (r *running) enter(ctx context.Context, userID string) (_ context.Context, leave func()) {
	ctx, end := context.WithCancelCause(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends == nil {
		r.ends = map[string]map[*context.CancelCauseFunc]bool{}
	}
	if r.ends[userID] == nil {
		r.ends[userID] = map[*context.CancelCauseFunc]bool{}
	}
	r.ends[userID][&end] = true
	return ctx, func() {
		r.leave(userID, &end)
		end(nil)
	}
}

func (r *running) leave(userID string, end *context.CancelCauseFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ends[userID], end)
	if len(r.ends[userID]) == 0 {
		delete(r.ends, userID)
	}
}

// end ends all requests of a user.
func (r *running) end(userID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for end := range r.ends[userID] {
		(*end)(errExpelled)
	}
}
