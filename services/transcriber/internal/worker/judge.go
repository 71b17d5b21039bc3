package worker

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/work"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

// notProcessed is all that a user is told of what went wrong on our side.
const notProcessed = "The recording could not be processed."

// pause is how long a slot waits before it gives a chunk back because what that
// needs is away, and how long the chunk then lets others go first.
const pause = 5 * time.Second

// engineError says what the loop is to make of an error of the model or its
// engine. An attempt is charged only when the engine failed on this chunk, or
// died by itself with no other chunk in it, or what it should load is no model. Who was
// not alone when it died runs alone the next time; who was killed from outside
// has no need to.
func engineError(ctx context.Context, run *work.Run, err error) error {
	var died *engine.DiedError
	var start *engine.StartError
	var file *fs.PathError // the model's
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
	case unstarted && start.ExitCode != engineproc.ExitModel, // a model that is none stays none
		errors.Is(err, engine.ErrClosed), errors.As(err, &file):
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

// later gives the chunk back uncharged, after a pause. An outage of what every
// chunk needs is waited for as long as it takes; anything else counts as an
// interruption, since it might never end for this chunk.
func later(ctx context.Context, run *work.Run, err error) error {
	pause := work.PauseFor(err, pause)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
	}
	if work.Outage(err) {
		return work.Waiting(err, pause)
	}
	return work.Uncharged(err, run.Alone)
}
