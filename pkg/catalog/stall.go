package catalog

import (
	"context"
	"errors"
	"io"
	"time"
)

// errStalled is the cause of a context whose source sent nothing for too long.
var errStalled = errors.New("the source stopped sending")

// watch ends its context when a source lets it wait too long. Time that is
// spent on the bytes between two waits does not count.
type watch struct {
	timer    *time.Timer
	patience time.Duration
}

// newWatch returns a watch and the context that it ends; stop releases both.
func newWatch(ctx context.Context, patience time.Duration) (*watch, context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{timer: time.AfterFunc(patience, func() { cancel(errStalled) }), patience: patience}
	w.timer.Stop() // nobody waits yet
	return w, ctx, func() {
		w.timer.Stop()
		cancel(nil)
	}
}

// begin starts a wait; what it returns ends it.
func (w *watch) begin() (end func() bool) {
	w.timer.Reset(w.patience)
	return w.timer.Stop
}

// watched is a body whose every read is a wait.
type watched struct {
	io.Reader
	watch *watch
}

// Read implements io.Reader.
func (r watched) Read(p []byte) (int, error) {
	defer r.watch.begin()()
	return r.Reader.Read(p)
}
