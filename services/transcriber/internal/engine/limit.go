package engine

import (
	"context"
	"time"
)

type limitKey struct{}

// WithLimit bounds the time of a Pool's call that is made with the returned
// context. The limit holds from when the call is in a living process: a deadline
// of ctx would charge the call for the wait for a slot or for a new process.
func WithLimit(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, limitKey{}, limit)
}

func within[R any](ctx context.Context, process *Process, call func(context.Context, *Process) (*R, error)) (*R, error) {
	if limit, ok := ctx.Value(limitKey{}).(time.Duration); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return call(ctx, process)
}
