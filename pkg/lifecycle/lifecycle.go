// Package lifecycle starts the parts of a process in order and stops them in
// reverse: whoever uses a part ends before the part does.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Version is the project's version, set by the linker.
var Version = "unknown"

// Stack holds the running parts of a process, the newest on top. It is used by
// one goroutine.
type Stack struct {
	log   *slog.Logger
	parts []part

	// failure is a context only for its cause: the first part that ended by
	// itself.
	failure context.Context
	fail    context.CancelCauseFunc
}

type part struct {
	name string
	stop func()
}

// NewStack returns an empty stack.
func NewStack(log *slog.Logger) *Stack {
	failure, fail := context.WithCancelCause(context.Background())
	return &Stack{log: log, failure: failure, fail: fail}
}

// Go starts a part that runs until its context ends. When it returns earlier,
// with or without an error, the whole process stops.
func (s *Stack) Go(name string, run func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := run(ctx)
		if ctx.Err() == nil {
			s.fail(failure(name, err))
		}
	}()
	s.OnStop(name, func() { cancel(); <-done })
}

// OnStop adds a part that is already up, and how to stop it.
func (s *Stack) OnStop(name string, stop func()) {
	s.parts = append(s.parts, part{name: name, stop: stop})
}

// Wait returns when ctx ends (nil) or a part ends by itself (an error that
// names it). It stops nothing.
func (s *Stack) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.failure.Done():
		return context.Cause(s.failure)
	}
}

// UntilFailure returns a context that ends with ctx or when a part ends by
// itself: for waiting on something that a failed part would never do.
func (s *Stack) UntilFailure(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.failure, cancel)
	return ctx, func() { stop(); cancel() }
}

// Stop stops all parts, newest first, and waits for each.
func (s *Stack) Stop() {
	for i := len(s.parts) - 1; i >= 0; i-- {
		began := time.Now()
		s.parts[i].stop()
		s.log.Debug("stopped", "part", s.parts[i].name, "took", time.Since(began))
	}
	s.parts = nil
}

func failure(name string, err error) error {
	if err == nil {
		err = errors.New("ended by itself")
	}
	return fmt.Errorf("%s: %w", name, err)
}
