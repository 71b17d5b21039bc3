package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

func TestHandler_doesNotChargeADecoderThatIsKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	tools := audiotest.Tools(t)
	began := t.TempDir() // holds one empty file for each run
	tools.FFmpeg = filepath.Join(t.TempDir(), "ffmpeg")
	script := fmt.Sprintf("#!/bin/sh\ncd %s; : > $(ls | wc -l)\nkill -KILL $$\n", began)
	if err := os.WriteFile(tools.FFmpeg, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	h := &Handler{
		Prepare: prepare.Config{Tools: tools, Recording: time.Hour, Wall: time.Minute},
		Log:     slog.New(slog.DiscardHandler),
	}
	run := &work.Run{Task: &jobv1.Task{}, Job: &jobv1.Job{Options: &jobv1.Options{Vad: true}}}

	_, err := h.prepare(t.Context(), run, audiotest.Sample(t, "en-01.flac"), t.TempDir())

	if want := work.Uncharged(errors.Unwrap(err), false); err != want { //nolint:errorlint // the very value
		t.Errorf("got %v, want it uncharged", err)
	}
	if runs, err := os.ReadDir(began); err != nil || len(runs) != 1+restarts {
		t.Errorf("it ran %d times, %v; want once and %d times again", len(runs), err, restarts)
	}
}

func TestWaitForStorage_countsOnlyWhatMayBeTheRecordings(t *testing.T) {
	t.Parallel()
	full := fmt.Errorf("write: %w", syscall.ENOSPC)
	broken := fmt.Errorf("read: %w", syscall.EIO)
	away := fault.New(fault.Unavailable, "bus_unavailable", "Try again later.")
	corrupt := fault.New(fault.Unprocessable, "corrupt_media", "The recording is damaged.")
	for name, c := range map[string]struct{ err, want error }{
		"disk full":   {full, work.Waiting(full, time.Millisecond)},
		"bus away":    {away, work.Waiting(away, time.Millisecond)},
		"disk broken": {broken, work.Uncharged(broken, false)},
		"corrupt":     {corrupt, corrupt},
	} {
		h := &Handler{Pause: time.Millisecond}

		if got := h.waitForStorage(t.Context(), c.err); got != c.want { //nolint:errorlint // the very value
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestHandler_countsNoFailureWhenItIsStopped(t *testing.T) {
	t.Parallel()
	jobs, err := job.Open(t.Context(), testkit.Bus(t).JS)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, stopped := range map[string]bool{"stopped": true, "failed": false} {
		ctx, stop := context.WithCancel(t.Context())
		if stopped {
			stop()
		}
		var failures []bool
		h := &Handler{Jobs: jobs, Blobs: blobs, Log: slog.New(slog.DiscardHandler), Observe: func(_ time.Duration, failed bool) {
			failures = append(failures, failed)
		}}

		err := h.Run(ctx, &work.Run{Task: &jobv1.Task{JobId: "0198c0de-0000-7000-8000-000000000001"}})
		stop()

		if err == nil || len(failures) != 1 || failures[0] == stopped {
			t.Errorf("%s: %v, told as failures: %v", name, err, failures)
		}
	}
}
