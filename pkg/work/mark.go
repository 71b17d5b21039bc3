package work

import (
	"errors"
	"syscall"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
)

// uncharged marks an error that does not count as an attempt.
type uncharged struct {
	error
	alone bool
}

func (u uncharged) Unwrap() error { return u.error }

// Uncharged marks err as not the task's own fault: the task runs again at once,
// and an interruption is counted, not an attempt. alone asks that it then has the engine to itself.
func Uncharged(err error, alone bool) error { return uncharged{err, alone} }

func isUncharged(err error) (alone, ok bool) {
	var u uncharged
	if errors.As(err, &u) {
		return u.alone, true
	}
	return false, false
}

// waiting marks an error that does not count at all.
type waiting struct {
	error
	pause time.Duration
}

func (w waiting) Unwrap() error { return w.error }

// Waiting marks err as an outage of what every task needs: the task runs again
// after pause, and nothing is counted, however long that goes on. It is only for
// errors that cannot be the task's own, as nothing else ends such a task.
func Waiting(err error, pause time.Duration) error { return waiting{err, pause} }

func isWaiting(err error) (pause time.Duration, ok bool) {
	var w waiting
	if errors.As(err, &w) {
		return w.pause, true
	}
	return 0, false
}

// Outage reports whether an error says that the bus or the storage is away or
// full. An error while reading (EIO) is none: it may be about one file only.
func Outage(err error) bool {
	var known *fault.Error
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		errors.As(err, &known) && known.Kind == fault.Unavailable
}

// busPause is how long to wait for the bus: it is back within seconds as a rule,
// and the queue gives nothing before.
const busPause = time.Second

// PauseFor returns how long a worker should wait because of an outage before it
// gives its task back: usual, but for the bus less.
func PauseFor(err error, usual time.Duration) time.Duration {
	var known *fault.Error
	if errors.As(err, &known) && known.Code == job.CodeBusAway {
		return min(usual, busPause)
	}
	return usual
}
