package engine

import (
	"errors"
	"fmt"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

var (
	// ErrDied is returned when the process ended during the call; the error is a
	// *DiedError.
	ErrDied = errors.New("engine process died")
	// ErrOutOfMemory is returned when the engine lacked memory for the call, or
	// its process was killed for taking too much.
	ErrOutOfMemory = errors.New("engine is out of memory")
	// ErrRefused is returned when the engine does not take the request: doing it
	// again must fail the same way.
	ErrRefused = errors.New("engine refused the request")
	// ErrFailed is returned when the engine failed on this window.
	ErrFailed = errors.New("engine failed")
	// ErrTimeout is returned when the deadline of a call ended while the engine
	// had it; context.DeadlineExceeded is in its chain.
	ErrTimeout = errors.New("engine did not answer in time")
	// ErrKilled is in the chain of a DiedError when somebody outside asked the
	// process to end or killed it: an operator, the system short of memory. No
	// call in it is to blame, not even a lone one.
	ErrKilled = errors.New("engine was killed from outside")
	// ErrClosed is returned when the process or pool was closed on purpose.
	ErrClosed = errors.New("engine is closed")

	// errGone marks a call that never reached the process, because it was dead
	// already.
	errGone = errors.New("engine process is gone")
	// errStuck is why a process is killed that does not stop a cancelled call.
	errStuck = errors.New("engine did not stop a cancelled call")
	// errDisconnected is why a process is killed that lives but does not answer.
	errDisconnected = errors.New("engine hung up")
)

// DiedError tells what a call needs to know about the death of its process.
type DiedError struct {
	// Alone is true when no other call was in the process, so that this one is
	// to blame. Otherwise nobody is, and each call is to be made again alone.
	Alone bool
	// Cause is how the process ended; for logs.
	Cause error
}

// Error is for logs.
func (e *DiedError) Error() string {
	return fmt.Sprintf("%v (alone: %t): %v", ErrDied, e.Alone, e.Cause)
}

// Is makes errors.Is(err, ErrDied) true.
func (e *DiedError) Is(target error) bool { return target == ErrDied }

// Unwrap returns the cause: ErrOutOfMemory is in its chain when the process was
// killed for its size.
func (e *DiedError) Unwrap() error { return e.Cause }

// StartError is returned when a process did not become ready.
type StartError struct {
	ExitCode int    // see engineproc; -1: never started, killed, or still alive
	LastLine string // the last line it wrote; for logs
	Cause    error
}

// Error is for logs.
func (e *StartError) Error() string {
	return fmt.Sprintf("start engine: %v (exit code %d, last line %q)", e.Cause, e.ExitCode, e.LastLine)
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Cause }

// CountsAsAttempt reports whether a call that ended with err counts against the
// chunk it was made for: the engine returned an error or did not answer in time,
// or it died by itself while the call was alone in it. A death shared with other
// calls or brought about from outside, a failed start, a closed pool and a
// cancelled context do not count.
func CountsAsAttempt(err error) bool {
	var died *DiedError
	if errors.As(err, &died) {
		return died.Alone && !errors.Is(died, ErrKilled)
	}
	return errors.Is(err, ErrFailed) || errors.Is(err, ErrRefused) ||
		errors.Is(err, ErrOutOfMemory) || errors.Is(err, ErrTimeout)
}

func refused(detail string) error {
	return fault.Wrap(fmt.Errorf("%w: %s", ErrRefused, detail), fault.Invalid,
		"engine_refused", "The recognition engine does not accept this audio or these options.")
}

func outOfMemory(detail string) error {
	return fault.Wrap(fmt.Errorf("%w: %s", ErrOutOfMemory, detail), fault.Internal,
		"out_of_memory", "There was not enough memory for this model.")
}
