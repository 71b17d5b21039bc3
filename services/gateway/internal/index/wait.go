package index

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/job"
)

// Wait returns a job once its revision is above since, or it is terminal, or ctx
// or the index ends, whichever comes first. False: the index does not know it
// (any more).
func (x *Index) Wait(ctx context.Context, id string, since uint64) (Entry, bool) {
	for {
		e, changed, known := x.Watch(id)
		if !known || e.Revision > since || job.Terminal(e.Job.GetState()) {
			return e, known
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return x.Get(id)
		case <-x.closed:
			return x.Get(id)
		}
	}
}

// CaughtUp is closed once everything stored before the start is in the index.
func (x *Index) CaughtUp() <-chan struct{} { return x.caughtUp }

// Close lets everybody go who waits: the process is about to end.
func (x *Index) Close() { x.once.closed.Do(func() { close(x.closed) }) }

// Closed is closed once Close was called.
func (x *Index) Closed() <-chan struct{} { return x.closed }

// Watch returns a job, and a channel that is closed at its next revision and when the
// index drops it. False: the index does not know it.
func (x *Index) Watch(id string) (Entry, <-chan struct{}, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, known := x.entries[id]
	if !known {
		return Entry{}, nil, false
	}
	return e.Entry, e.changed, true
}
