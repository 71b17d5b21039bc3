package worker

import (
	"context"
	"errors"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/work"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
)

// notProcessed is all that a user is told of what went wrong on our side.
const notProcessed = "The recording could not be processed."

// pause is how long a chunk waits before it is given back because what it needs
// is away. Together with the loop's limit of interruptions it lets a chunk wait
// for minutes.
const pause = 5 * time.Second

// engineError says what the loop is to make of an error of the model or its
// engine. An attempt is charged only when the engine failed on this chunk, or
// died by itself with no other chunk in it or while it loaded the model. Who was
// not alone when it died runs alone the next time; who was killed from outside
// has no need to.
func engineError(ctx context.Context, run *work.Run, err error) error {
	var died *engine.DiedError
	var start *engine.StartError
	unstarted := errors.As(err, &start)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, engine.ErrKilled):
		return work.Uncharged(err, run.Alone)
	case errors.As(err, &died) && !engine.CountsAsAttempt(err):
		return work.Uncharged(err, true)
	case errors.Is(err, engine.ErrRefused), errors.Is(err, engine.ErrTimeout):
		// What the engine refuses we should not have asked; neither that nor a
		// time limit of ours is for the user to mend.
		return fault.Wrap(err, fault.Internal, "internal", notProcessed)
	case unstarted && start.ExitCode < 0, errors.Is(err, engine.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		return later(ctx, run, err)
	default:
		return err
	}
}

// storageError says what the loop is to make of an error of the bus or the blob
// store: unless the data itself is missing or damaged, the chunk waits for them.
func storageError(ctx context.Context, run *work.Run, err error) error {
	var known *fault.Error
	lost := errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrKey) || errors.Is(err, errDamaged)
	if lost || errors.As(err, &known) && known.Kind != fault.Unavailable {
		return err
	}
	return later(ctx, run, err)
}

// later gives the chunk back uncharged, after a pause.
func later(ctx context.Context, run *work.Run, err error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return work.Uncharged(err, run.Alone)
	}
}
