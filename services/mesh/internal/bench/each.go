package bench

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// each does something with every item, in order, so many at once, and returns the
// first error.
func each[T any](ctx context.Context, atOnce int, items []T, do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, item := range items {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return do(ctx, item)
		})
	}
	return group.Wait()
}
