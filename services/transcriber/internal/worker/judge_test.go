package worker

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/work"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

func TestEngineError_chargesOnlyWhatTheChunkMayHaveCaused(t *testing.T) {
	t.Parallel()
	shared := &engine.DiedError{Cause: errors.New("signal: segmentation fault")}
	alone := &engine.DiedError{Alone: true, Cause: errors.New("signal: segmentation fault")}
	killed := &engine.DiedError{Alone: true, Cause: engine.ErrKilled}
	killedAtStart := &engine.StartError{ExitCode: -1, Cause: errors.New("signal: killed")}
	noMemory := &engine.StartError{ExitCode: engineproc.ExitMemory, Cause: errors.New("exit status 4")}
	aborted := &engine.StartError{ExitCode: engineproc.ExitUsage, Cause: errors.New("exit status 2")} // as for lack of memory
	noSocket := &engine.StartError{ExitCode: -1, Cause: syscall.ENOSPC}
	unreadable := &fs.PathError{Op: "read", Path: "model", Err: syscall.EIO}
	noModel := &engine.StartError{ExitCode: 3, Cause: errors.New("exit status 3")}
	notInstalled := fault.New(fault.NotFound, "model_not_installed", "The model is not installed.")
	for name, c := range map[string]struct{ err, want error }{
		"died under several":    {shared, work.Uncharged(shared, true)},
		"died under this alone": {alone, alone},
		"killed from outside":   {killed, work.Uncharged(killed, true)},
		"killed while it loads": {killedAtStart, work.Uncharged(killedAtStart, true)},
		"cannot load its model": {noModel, noModel},
		"failed on the window":  {engine.ErrFailed, engine.ErrFailed},
		"is closed":             {engine.ErrClosed, work.Uncharged(engine.ErrClosed, true)},
		"no memory to load":     {noMemory, work.Uncharged(noMemory, true)},
		"aborts while it loads": {aborted, work.Uncharged(aborted, true)},
		"model cannot be read":  {unreadable, work.Uncharged(unreadable, true)},
		"no room for a socket":  {noSocket, work.Waiting(noSocket, pause)},
		"model not installed":   {notInstalled, notInstalled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // the pause takes no time
				got := engineError(t.Context(), &work.Run{Alone: true}, c.err)

				if got != c.want { //nolint:errorlint // the very value
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestEngineError_keepsOurOwnBugsFromTheUser(t *testing.T) {
	t.Parallel()
	refused := fault.Wrap(engine.ErrRefused, fault.Invalid, "engine_refused", "The engine does not take this.")
	late := errors.Join(engine.ErrTimeout, context.DeadlineExceeded)
	for _, cause := range []error{refused, late} {
		got := engineError(t.Context(), &work.Run{}, cause)

		if f := fault.Of(got); f.Code != "internal" || f.Kind != fault.Internal || fault.Permanent(got) {
			t.Errorf("%v becomes %v", cause, got)
		}
	}
}

func TestEngineError_isThatOfTheContextOnceItEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	if got := engineError(ctx, &work.Run{}, &engine.DiedError{Alone: true, Cause: errors.New("killed")}); !errors.Is(got, context.Canceled) {
		t.Errorf("got %v", got)
	}
}

func TestStorageError_waitsForWhatMayComeBack(t *testing.T) {
	t.Parallel()
	away := fault.New(fault.Unavailable, "bus_unavailable", "Try again later.")
	full := &fs.PathError{Op: "write", Path: "blob", Err: syscall.ENOSPC}
	broken := &fs.PathError{Op: "read", Path: "blob", Err: syscall.EIO}
	for name, c := range map[string]struct{ err, want error }{
		"bus away":       {away, work.Waiting(away, time.Second)}, // it is back soon
		"disk full":      {full, work.Waiting(full, pause)},
		"disk broken":    {broken, work.Uncharged(broken, false)},
		"blob is gone":   {blob.ErrNotFound, blob.ErrNotFound},
		"blob is broken": {errDamaged, errDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := storageError(t.Context(), &work.Run{}, c.err)

				if got != c.want { //nolint:errorlint // the very value
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
}
