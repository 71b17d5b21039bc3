package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/lifecycle"
)

func TestStack_stopsInReverse(t *testing.T) {
	t.Parallel()
	stack := lifecycle.NewStack(slog.New(slog.DiscardHandler))
	var stopped []string
	stack.OnStop("bus", func() { stopped = append(stopped, "bus") })
	stack.Go("worker", func(ctx context.Context) error {
		<-ctx.Done()
		stopped = append(stopped, "worker")
		return ctx.Err()
	})
	stack.OnStop("gateway", func() { stopped = append(stopped, "gateway") })

	stack.Stop()

	if want := []string{"gateway", "worker", "bus"}; !slices.Equal(stopped, want) {
		t.Errorf("stopped %v, want %v", stopped, want)
	}
}

func TestStack_waitsUntilOnePartFails(t *testing.T) {
	t.Parallel()
	stack := lifecycle.NewStack(slog.New(slog.DiscardHandler))
	cause := errors.New("disk is full")
	stack.Go("idle", func(ctx context.Context) error { <-ctx.Done(); return nil })
	stack.Go("writer", func(context.Context) error { return cause })
	defer stack.Stop()

	if err := stack.Wait(t.Context()); !errors.Is(err, cause) {
		t.Errorf("got %v, want the writer's error", err)
	}
}

func TestStack_endsQuietlyWhenAsked(t *testing.T) {
	t.Parallel()
	stack := lifecycle.NewStack(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	if err := stack.Wait(ctx); err != nil {
		t.Error(err)
	}
}
