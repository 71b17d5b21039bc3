package work_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestWorker_countsNothingWhileATaskWaits(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	alone := make(chan bool, 10)
	w := newRig(t, func(_ context.Context, run *work.Run) error {
		alone <- run.Alone
		if runs.Add(1) <= 5 {
			return work.Waiting(errors.New("no room"), time.Millisecond)
		}
		return nil
	})
	// One more interruption, and it would be given up.
	if _, err := w.jobs.UpdateAttempts(t.Context(), w.task, func(a *jobv1.Attempts) {
		a.Interruptions = work.MaxInterruptions
		a.Alone = true
	}); err != nil {
		t.Fatal(err)
	}

	w.queue(t, "patient")
	w.run(t)
	w.waitForRuns(t, 6)
	w.waitForEmptyQueue(t)

	if c := w.counters(t); c.GetAttempts() != 0 || c.GetInterruptions() != work.MaxInterruptions {
		t.Errorf("counters %v, want them unchanged", c)
	}
	for range 6 {
		if !<-alone {
			t.Error("it forgot that it is to run alone")
		}
	}
}

func TestOutage_isWhatWaitingMends(t *testing.T) {
	t.Parallel()
	away := fault.New(fault.Unavailable, "bus_unavailable", "Try again later.")
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"no room":     {fmt.Errorf("write: %w", syscall.ENOSPC), true},
		"no quota":    {fmt.Errorf("write: %w", syscall.EDQUOT), true},
		"bus away":    {fmt.Errorf("get: %w", away), true},
		"bad sector":  {fmt.Errorf("read: %w", syscall.EIO), false},
		"took long":   {context.DeadlineExceeded, false},
		"other fault": {fault.New(fault.NotFound, "not_found", ""), false},
		"none":        {nil, false},
	} {
		if got := work.Outage(c.err); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

func TestWorker_tellsAFailureAgainThatDidNotGetThrough(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		runs int
	}{
		"permanent": {fault.New(fault.Unprocessable, "corrupt_media", "The recording is damaged."), 1},
		"given up":  {fault.New(fault.Internal, "out_of_memory", "There was not enough memory."), work.MaxAttempts},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRig(t, func(context.Context, *work.Run) error { return c.err })
			away := error(fault.New(fault.Unavailable, "bus_unavailable", "Try again later."))
			w.handler.lost.Store(&away)
			w.run(t)

			w.queue(t, "lost word")
			why := <-w.handler.failed
			w.waitForEmptyQueue(t)

			if want := fault.Of(c.err); why.Code != want.Code || why.Message != want.Message {
				t.Errorf("failed with %v, want %v", why, want)
			}
			if runs := w.handler.count(); runs != c.runs {
				t.Errorf("ran %d times, want %d", runs, c.runs)
			}
		})
	}
}

func TestWorker_dropsAFailedTaskWhoseJobIsGone(t *testing.T) {
	t.Parallel()
	w := newRig(t, func(context.Context, *work.Run) error {
		return fault.New(fault.Unprocessable, "corrupt_media", "The recording is damaged.")
	})
	gone := error(fault.New(fault.NotFound, "not_found", "There is no such thing."))
	w.handler.lost.Store(&gone)
	w.run(t)

	w.queue(t, "orphan")
	w.waitForRuns(t, 1)
	w.waitForEmptyQueue(t)

	select {
	case why := <-w.handler.failed:
		t.Errorf("told again that it failed with %v; nobody is left to hear it", why)
	default:
	}
	if left := w.messages(t, bus.StreamTasks); left != 0 {
		t.Errorf("%d tasks are left", left)
	}
}
