package preprocess

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
)

// rig is everything around the service: a bus, a blob store, a scratch folder.
type rig struct {
	bus     *bus.Bus
	jobs    *job.Store
	blobs   blob.Store
	scratch string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := testkit.Bus(t)
	jobs, err := job.Open(t.Context(), b.JS)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &rig{bus: b, jobs: jobs, blobs: blobs, scratch: t.TempDir()}
}

// start runs a service, changed before it begins by tune, until stop is called
// or the test ends.
func (r *rig) start(t *testing.T, tune func(*Service)) (stop func()) {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Workers, cfg.Scratch = 2, r.scratch
	service, err := New(t.Context(), cfg, Deps{Bus: r.bus, Jobs: r.jobs, Blobs: r.blobs, Log: testkit.Log(t)})
	if err != nil {
		t.Fatalf("%v; run: apt-get install ffmpeg", err)
	}
	if tune != nil {
		tune(service)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	stopped := false
	stop = func() {
		cancel()
		if stopped {
			return
		}
		stopped = true
		if err := <-ended; err != nil {
			t.Errorf("the service ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// accept stores a recording and a queued job for it, as the gateway does.
func (r *rig) accept(t *testing.T, path string) *jobv1.Job {
	t.Helper()
	id, err := job.NewID()
	if err != nil {
		t.Fatal(err)
	}
	recording, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = recording.Close() }()
	key := "files/ann/" + id
	stored, err := blob.Put(t.Context(), r.blobs, key, recording)
	if err != nil {
		t.Fatal(err)
	}
	record := &jobv1.Job{
		Id: id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_QUEUED, CreatedAt: timestamppb.Now(),
		Input: &jobv1.Input{BlobKey: key, Size: stored.Size, Sha256: stored.SHA256}, Options: &jobv1.Options{Vad: true},
		Warnings: []string{"said at the door"},
	}
	if _, err := r.jobs.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return record
}

// queue makes the task of a job, as the dispatcher does.
func (r *rig) queue(t *testing.T, record *jobv1.Job) {
	t.Helper()
	task := taskOf(record)
	data, err := proto.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.bus.JS.Publish(t.Context(), job.TaskSubject(task, "", jobv1.Priority_PRIORITY_NORMAL), data); err != nil {
		t.Fatal(err)
	}
}

func taskOf(record *jobv1.Job) *jobv1.Task {
	return &jobv1.Task{
		JobId: record.GetId(), UserId: record.GetUserId(), Attempt: record.GetAttempt(), Stage: jobv1.Stage_STAGE_PRE,
	}
}

// await waits until the job is past preprocessing and its task is settled, and
// returns the record.
func (r *rig) await(t *testing.T, record *jobv1.Job) *jobv1.Job {
	t.Helper()
	testkit.Eventually(t, "the job moves on", func() bool {
		now, _, err := r.jobs.Get(t.Context(), record.GetId())
		if err != nil {
			t.Fatal(err)
		}
		record = now
		return now.GetState() > jobv1.State_STATE_PREPROCESSING
	})
	testkit.Eventually(t, "the queue is empty", func() bool { return r.queued(t) == 0 })
	return record
}

func (r *rig) queued(t *testing.T) uint64 {
	t.Helper()
	stream, err := r.bus.JS.Stream(t.Context(), bus.StreamTasks)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

func (r *rig) plan(t *testing.T, record *jobv1.Job) *jobv1.Plan {
	t.Helper()
	plan, err := r.jobs.Plan(t.Context(), record.GetId(), record.GetAttempt())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func (r *rig) chunkBlobs(t *testing.T, record *jobv1.Job) []blob.Info {
	t.Helper()
	blobs, err := r.blobs.List(t.Context(), job.BlobPrefix(record.GetId()))
	if err != nil {
		t.Fatal(err)
	}
	return blobs
}

// nothingLeft checks that no recording lies in the scratch folder.
func (r *rig) nothingLeft(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "the scratch folder is empty", func() bool {
		left, err := filepath.Glob(filepath.Join(r.scratch, "process-*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(left) == 0
	})
}

// childless checks that no process works in the scratch folder.
func (r *rig) childless(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "no child process is left", func() bool {
		links, err := filepath.Glob("/proc/[0-9]*/cwd")
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links {
			if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, r.scratch) {
				return false
			}
		}
		return true
	})
}

// decoder returns a change of the service that replaces ffmpeg by a script. In
// it "$FFMPEG" is the real program and "$STATE" an empty folder.
func decoder(t *testing.T, script string) (tune func(*Service), state string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "ffmpeg")
	state = filepath.Join(dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	head := "#!/bin/sh\nFFMPEG=" + audiotest.Tools(t).FFmpeg + "\nSTATE=" + state + "\n"
	if err := os.WriteFile(path, []byte(head+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return func(s *Service) { s.tools.FFmpeg = path }, state
}
