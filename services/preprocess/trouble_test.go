package preprocess

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
)

// longCall is a recording of several chunks.
func longCall(t *testing.T) string {
	return audiotest.Make(t, "flac", "-stream_loop", "1", "-i", audiotest.Sample(t, "stereo-call.flac"))
}

func TestService_makesTheSameChunksAfterAStopInTheFirstOrLastCommit(t *testing.T) {
	t.Parallel()
	path := longCall(t)
	undisturbed := newRig(t)
	undisturbed.start(t, nil)
	calm := undisturbed.accept(t, path)
	undisturbed.queue(t, calm)
	want := undisturbed.plan(t, undisturbed.await(t, calm))
	if len(want.GetChunks()) < 3 {
		t.Fatalf("only %d chunks", len(want.GetChunks()))
	}

	for _, step := range []int32{1, int32(len(want.GetChunks()))} {
		r := newRig(t)
		stuck := &stuckStore{Store: r.blobs, commits: step, reached: make(chan struct{})}
		calmStore := r.blobs
		record := r.accept(t, path)
		r.blobs = stuck
		stop := r.start(t, nil)
		r.queue(t, record)
		<-stuck.reached
		stop()
		r.blobs = calmStore
		r.start(t, nil)

		record = r.await(t, record)

		if record.GetState() != jobv1.State_STATE_TRANSCRIBING || !sameCuts(t, want, r.plan(t, record)) {
			t.Errorf("stopped in commit %d: the job is %v by plan %v", step, record, r.plan(t, record))
		}
		if blobs := r.chunkBlobs(t, record); len(blobs) != len(want.GetChunks()) {
			t.Errorf("stopped in commit %d: %d blobs, want %d", step, len(blobs), len(want.GetChunks()))
		}
		r.nothingLeft(t)
	}
}

// stuckStore waits in a chosen commit, and in all after it, until the service
// stops.
type stuckStore struct {
	blob.Store
	commits int32
	seen    atomic.Int32
	reached chan struct{} // closed in the chosen commit
}

func (s *stuckStore) Create(ctx context.Context) (blob.Writer, error) {
	writer, err := s.Store.Create(ctx)
	return stuckWriter{writer, s}, err
}

type stuckWriter struct {
	blob.Writer
	store *stuckStore
}

func (w stuckWriter) Commit(ctx context.Context, key string) (blob.Info, error) {
	if n := w.store.seen.Add(1); n >= w.store.commits {
		if n == w.store.commits {
			close(w.store.reached)
		}
		<-ctx.Done()
		return blob.Info{}, ctx.Err()
	}
	return w.Writer.Commit(ctx, key)
}

func TestService_finishesWhatADeadWorkerHadPlanned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	record := r.accept(t, audiotest.Sample(t, "en-01.flac"))
	// It died between storing the plan and moving the record. That the recording
	// is gone shows that nobody needs it again.
	plan := &jobv1.Plan{
		JobId: record.GetId(), Attempt: 1, Media: &jobv1.Media{DurationMs: 3328}, Warnings: []string{"Take care."},
		Chunks: []*jobv1.Chunk{{EndMs: 3000, Speech: []*jobv1.Span{{EndMs: 3000}}}},
	}
	if err := r.jobs.CreatePlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if err := r.blobs.Delete(t.Context(), record.GetInput().GetBlobKey()); err != nil {
		t.Fatal(err)
	}
	r.start(t, nil)

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_TRANSCRIBING || record.GetChunks() != 1 || record.GetMedia().GetDurationMs() != 3328 ||
		!slices.Equal(record.GetWarnings(), []string{"said at the door", "Take care."}) {
		t.Errorf("the job is %v", record)
	}
}

func TestService_refusesARecordingThatHasChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	record := r.accept(t, audiotest.Sample(t, "en-01.flac"))
	if _, err := blob.Put(t.Context(), r.blobs, record.GetInput().GetBlobKey(), strings.NewReader("something else")); err != nil {
		t.Fatal(err)
	}
	r.start(t, nil)

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_FAILED || record.GetError().GetCode() != "corrupt_media" ||
		!strings.Contains(record.GetError().GetMessage(), "upload it again") {
		t.Errorf("the job is %v", record)
	}
}

func TestService_startsAKilledDecoderAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// Four times the decoder is killed half way, then it may work.
	tune, state := decoder(t, `
n=$(ls "$STATE" | wc -l); : > "$STATE/$n"
[ "$n" -ge 4 ] && exec "$FFMPEG" "$@"
head -c 50000 /dev/zero; kill -KILL $$`)
	r.start(t, tune)
	record := r.accept(t, audiotest.Sample(t, "en-06.flac"))

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_TRANSCRIBING || record.GetMedia().GetDurationMs() != 12_383 {
		t.Errorf("the job is %v", record)
	}
	counters, err := r.jobs.UpdateAttempts(t.Context(), taskOf(record), func(*jobv1.Attempts) {})
	if err != nil || counters.GetAttempts() != 0 {
		t.Errorf("counters %v, %v; nothing should be charged", counters, err)
	}
	if runs, err := os.ReadDir(state); err != nil || len(runs) != 5 {
		t.Errorf("the decoder ran %d times, want 5: %v", len(runs), err)
	}
}

// While ffmpeg is being upgraded, it lacks a library for a moment.
func TestService_waitsForADecoderThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tune, state := decoder(t, fmt.Sprintf(`
n=$(ls "$STATE" | wc -l); : > "$STATE/$n"
[ "$n" -ge %d ] && exec "$FFMPEG" "$@"
exit 127`, 2*work.MaxAttempts))
	r.start(t, func(s *Service) { tune(s); s.pause = time.Millisecond })
	record := r.accept(t, audiotest.Sample(t, "en-01.flac"))

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_TRANSCRIBING {
		t.Errorf("the job is %v", record)
	}
	if runs, err := os.ReadDir(state); err != nil || len(runs) != 2*work.MaxAttempts+1 {
		t.Errorf("the decoder ran %d times, want %d: %v", len(runs), 2*work.MaxAttempts+1, err)
	}
}

func TestService_stopsDecodingACancelledJob(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tune, state := decoder(t, `: > "$STATE/began"; sleep 1000 & wait`)
	r.start(t, tune)
	record := r.accept(t, audiotest.Sample(t, "en-01.flac"))
	r.queue(t, record)
	waitForFile(t, filepath.Join(state, "began"))

	_, _, err := r.jobs.Update(t.Context(), record.GetId(), func(j *jobv1.Job) error {
		j.State = jobv1.State_STATE_CANCELLED
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	control, err := job.NewControl(r.bus.NC)
	if err != nil {
		t.Fatal(err)
	}
	if err := control.Cancel(t.Context(), record.GetId()); err != nil {
		t.Fatal(err)
	}

	if record = r.await(t, record); record.GetState() != jobv1.State_STATE_CANCELLED {
		t.Errorf("the job is %v", record)
	}
	r.nothingLeft(t)
	r.childless(t)
}

func TestService_handsItsTaskOverWhenItStops(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tune, state := decoder(t, `: > "$STATE/began"; sleep 1000 & wait`)
	stop := r.start(t, tune)
	record := r.accept(t, audiotest.Sample(t, "en-01.flac"))
	r.queue(t, record)
	waitForFile(t, filepath.Join(state, "began"))

	stop()

	r.childless(t)
	if left, err := os.ReadDir(r.scratch); err != nil || len(left) != 0 {
		t.Errorf("left in the scratch folder: %v, %v", left, err)
	}
	r.start(t, nil)
	if record = r.await(t, record); record.GetState() != jobv1.State_STATE_TRANSCRIBING {
		t.Errorf("the job is %v", record)
	}
}

func waitForFile(t *testing.T, path string) {
	t.Helper()
	testkit.Eventually(t, path+" appears", func() bool { _, err := os.Stat(path); return err == nil })
}

func TestNew_refusesASenselessConfig(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Config){
		"no worker":      func(c *Config) { c.Workers = 0 },
		"no scratch":     func(c *Config) { c.Scratch = "" },
		"no recording":   func(c *Config) { c.MaxRecording = 0 },
		"negative limit": func(c *Config) { c.MaxDecode = -1 },
	} {
		cfg := DefaultConfig()
		spoil(&cfg)
		if _, err := New(t.Context(), cfg, Deps{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// A full disk is nobody's fault and passes: the job waits for it.
func TestService_waitsForRoomOnTheDisk(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	full := &fullStore{Store: r.blobs}
	full.tries.Store(2 * work.MaxAttempts)
	record := r.accept(t, audiotest.Sample(t, "en-01.flac"))
	r.start(t, func(s *Service) { s.deps.Blobs, s.pause = full, time.Millisecond })

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_TRANSCRIBING {
		t.Errorf("the job is %v", record)
	}
}

// fullStore has no room for some tries.
type fullStore struct {
	blob.Store
	tries atomic.Int32
}

func (f *fullStore) Create(ctx context.Context) (blob.Writer, error) {
	if f.tries.Add(-1) >= 0 {
		return nil, fmt.Errorf("create blob: %w", syscall.ENOSPC)
	}
	return f.Store.Create(ctx)
}
