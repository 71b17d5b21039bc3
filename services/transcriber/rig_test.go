package transcriber_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a bus, a blob store and a folder of scripted models. Transcribers come
// and go as a test tells; the test itself is preprocess and dispatcher.
type rig struct {
	*bus.Bus
	jobs    *job.Store
	control *job.Control
	blobs   *blob.Disk
	catalog *catalog.Catalog
	dir     string // of the models
	cfg     transcriber.Config

	mu       sync.Mutex
	observed map[string]int // successes by step
	failures map[string]int
}

// newRig has the models demo and other, both scripted.
func newRig(t testing.TB) *rig {
	t.Helper()
	r := bareRig(t, "demo", "other")
	var entries []catalog.Model
	for _, name := range []string{"demo", "other"} {
		content := []byte("scripted model " + name)
		sum := sha256.Sum256(content)
		entries = append(entries, catalog.Model{
			Name: name, File: name + ".bin", Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
			Languages: []string{"en", "ru"}, Licence: "MIT", Description: "For tests.",
		})
	}
	var err error
	if r.catalog, err = catalog.New(entries...); err != nil {
		t.Fatal(err)
	}
	r.cfg.Engine = enginetest.Scripted(t)
	r.install(t, "demo")
	return r
}

// bareRig has no models yet.
func bareRig(t testing.TB, consumers ...string) *rig {
	t.Helper()
	r := &rig{
		Bus: testkit.Bus(t, consumers...), dir: t.TempDir(), cfg: transcriber.DefaultConfig(),
		observed: map[string]int{}, failures: map[string]int{},
	}
	r.cfg.ModelDirs, r.cfg.Slots = r.dir, 1
	var err error
	if r.jobs, err = job.Open(t.Context(), r.JS); err != nil {
		t.Fatal(err)
	}
	if r.control, err = job.NewControl(r.NC); err != nil {
		t.Fatal(err)
	}
	if r.blobs, err = blob.NewDisk(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) model(name string) string { return filepath.Join(r.dir, name+".bin") }

func (r *rig) install(t testing.TB, name string) {
	t.Helper()
	if err := os.WriteFile(r.model(name), []byte("scripted model "+name), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start runs a transcriber; stop and the end of the test end it.
func (r *rig) start(t testing.TB) (stop func()) {
	t.Helper()
	_, stop = r.serve(t)
	return stop
}

// serve is start for tests that ask the transcriber itself.
func (r *rig) serve(t testing.TB) (service *transcriber.Service, stop func()) {
	t.Helper()
	service, err := transcriber.New(r.cfg, transcriber.Deps{
		Bus: r.Bus, Jobs: r.jobs, Blobs: r.blobs, Catalog: r.catalog, Log: testkit.Log(t), Observe: r.observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return service, stop
}

func (r *rig) observe(name string, _ time.Duration, failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if failed {
		r.failures[name]++
	} else {
		r.observed[name]++
	}
}

func (r *rig) count(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.observed[name]
}

// accept stores a job as it is when its chunks are to be transcribed: chunks of
// all speech, but for those made otherwise.
func (r *rig) accept(t testing.TB, options *jobv1.Options, chunks ...*piece) *jobv1.Job {
	t.Helper()
	return r.acceptPlan(t, options, &jobv1.Plan{}, chunks...)
}

// acceptPlan is accept with a plan that the chunks are added to.
func (r *rig) acceptPlan(t testing.TB, options *jobv1.Options, plan *jobv1.Plan, chunks ...*piece) *jobv1.Job {
	t.Helper()
	id, err := job.NewID()
	if err != nil {
		t.Fatal(err)
	}
	if options.GetResolvedModel() == "" {
		options.ResolvedModel = "demo"
	}
	options.Vad = true
	plan.JobId, plan.Attempt = id, 1
	for n, p := range chunks {
		info, err := blob.Put(t.Context(), r.blobs, job.ChunkBlobKey(id, 1, uint32(n), "test"), bytes.NewReader(p.pcm))
		if err != nil {
			t.Fatal(err)
		}
		p.chunk.Number = uint32(n)
		p.chunk.Audio = &jobv1.BlobRef{Key: info.Key, Sha256: info.SHA256, Size: info.Size}
		plan.Chunks = append(plan.Chunks, p.chunk)
	}
	record := &jobv1.Job{
		Id: id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_TRANSCRIBING,
		Options: options, Chunks: uint32(len(chunks)),
	}
	if err := r.jobs.CreatePlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if _, err := r.jobs.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return record
}

// queue makes tasks of chunks, as the dispatcher does.
func (r *rig) queue(t testing.TB, record *jobv1.Job, chunks ...uint32) {
	t.Helper()
	for _, n := range chunks {
		task := task(record, n)
		data, err := proto.Marshal(task)
		if err != nil {
			t.Fatal(err)
		}
		subject := job.TaskSubject(task, record.GetOptions().GetResolvedModel(), jobv1.Priority_PRIORITY_NORMAL)
		if _, err := r.JS.Publish(t.Context(), subject, data); err != nil {
			t.Fatal(err)
		}
	}
}

func task(record *jobv1.Job, chunk uint32) *jobv1.Task {
	return &jobv1.Task{JobId: record.GetId(), UserId: record.GetUserId(), Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: chunk}
}

func (r *rig) change(t testing.TB, record *jobv1.Job, change func(*jobv1.Job)) {
	t.Helper()
	_, _, err := r.jobs.Update(t.Context(), record.GetId(), func(j *jobv1.Job) error { change(j); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

// result waits for the result of a chunk and reads its transcript.
func (r *rig) result(t testing.TB, record *jobv1.Job, chunk uint32) (*jobv1.ChunkResult, *jobv1.Transcript) {
	t.Helper()
	var result *jobv1.ChunkResult
	testkit.Eventually(t, "the chunk has a result", func() bool {
		var err error
		result, err = r.jobs.Result(t.Context(), record.GetId(), 1, chunk)
		return err == nil
	})
	if result.GetError() != nil {
		return result, nil
	}
	data, err := blob.Get(t.Context(), r.blobs, result.GetTranscript().GetKey())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	said := &jobv1.Transcript{}
	if err := proto.Unmarshal(data, said); err != nil || hex.EncodeToString(sum[:]) != result.GetTranscript().GetSha256() {
		t.Fatalf("the blob is not what the result says: %v", err)
	}
	return result, said
}

func (r *rig) hasResult(t testing.TB, record *jobv1.Job, chunk uint32) bool {
	t.Helper()
	_, err := r.jobs.Result(t.Context(), record.GetId(), 1, chunk)
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func (r *rig) attempts(t testing.TB, record *jobv1.Job, chunk uint32) *jobv1.Attempts {
	t.Helper()
	counters, err := r.jobs.UpdateAttempts(t.Context(), task(record, chunk), func(*jobv1.Attempts) {})
	if err != nil {
		t.Fatal(err)
	}
	return counters
}

func (r *rig) waitForEmptyQueue(t testing.TB) {
	t.Helper()
	testkit.Eventually(t, "the queue is empty", func() bool {
		stream, err := r.JS.Stream(t.Context(), bus.StreamTasks)
		return err == nil && stream.CachedInfo().State.Msgs == 0
	})
}

// waitForFiring waits until a rule of a model's script has fired for the nth
// time, from 0.
func (r *rig) waitForFiring(t testing.TB, firing string) {
	t.Helper()
	testkit.Eventually(t, "rule "+firing+" fires", func() bool {
		_, err := os.Stat(r.model("demo") + ".script." + firing)
		return err == nil
	})
}

// engines counts the processes that have a model of this rig.
func (r *rig) engines(t testing.TB) int {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range found {
		line, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(line), r.dir) { // else it has just ended
			count++
		}
	}
	return count
}
