package worker_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/work"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHandler_refusesAudioThatIsNotWhatWasPlanned(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	r.store(t, r.chunk.GetAudio().GetKey(), enginetest.Silence(1_000))

	err := r.handler.Run(t.Context(), r.run)

	if err == nil || fault.Permanent(err) || r.done(t) {
		t.Errorf("got %v; want an attempt that failed", err)
	}
}

func TestHandler_tellsThatMemoryIsShort(t *testing.T) {
	t.Parallel()
	r := newRig(t, `{"rules": [{"do": "memory"}]}`)

	err := r.handler.Run(t.Context(), r.run)

	if f := fault.Of(err); f == nil || f.Code != "out_of_memory" || fault.Permanent(err) {
		t.Errorf("got %v", err)
	}
}

func TestHandler_endsACallThatIsStuck(t *testing.T) {
	t.Parallel()
	r := newRig(t, `{"rules": [{"do": "deaf"}]}`)
	r.handler.Limit = worker.Limit{Base: 50 * time.Millisecond}

	err := r.handler.Run(t.Context(), r.run)

	if f := fault.Of(err); f == nil || f.Code != "internal" || r.done(t) {
		t.Errorf("got %v", err)
	}
}

func TestHandler_doesNotChargeTheWaitForASlot(t *testing.T) {
	t.Parallel()
	r := newRig(t, `{"rules": [{"do": "slow", "trace": "holder", "ms": 2500}, {"do": "error"}]}`)
	r.handler.Limit = worker.Limit{Base: time.Second}
	held := make(chan error, 1)
	go func() {
		_, err := r.model.Transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: enginetest.Silence(1_000), Language: "en", TraceId: "holder"}, true)
		held <- err
	}()
	testkit.Eventually(t, "the only slot is taken", func() bool { return r.model.busy(t) })

	err := r.handler.Run(t.Context(), r.run)

	if !errors.Is(err, engine.ErrFailed) {
		t.Errorf("got %v; want what the engine says once the slot is free", err)
	}
	if err := <-held; err != nil {
		t.Errorf("the call that held the slot: %v", err)
	}
}

func TestHandler_countsNoFailureWhenItIsStopped(t *testing.T) {
	t.Parallel()
	r := newRig(t, `{"rules": [{"do": "hang"}]}`)
	ctx, stop := context.WithCancel(t.Context())
	failed := make(chan bool, 10)
	r.handler.Observe = func(_ string, _ time.Duration, f bool) { failed <- f }
	ended := make(chan error, 1)
	go func() { ended <- r.handler.Run(ctx, r.run) }()
	testkit.Eventually(t, "the window is in the engine", func() bool { return r.model.busy(t) })

	stop()

	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if window, chunk := <-failed, <-failed; window || chunk {
		t.Errorf("told as failures: the window %t, the chunk %t", window, chunk)
	}
}

func TestHandler_storesWhyAChunkCannotBeDone(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")

	err := r.handler.Fail(t.Context(), r.run.Task, fault.New(fault.Internal, "out_of_memory", "There was not enough memory."))

	if err != nil || !r.done(t) {
		t.Fatalf("done %t, %v", r.done(t), err)
	}
	result, err := r.handler.Jobs.Result(t.Context(), r.run.Task.GetJobId(), 1, 0)
	if err != nil || result.GetError().GetCode() != "out_of_memory" || result.GetTranscript() != nil {
		t.Errorf("result %v, %v", result, err)
	}
}

// rig is a handler over a bus, a blob store and a scripted engine, with one
// chunk to do.
type rig struct {
	handler *worker.Handler
	model   model
	chunk   *jobv1.Chunk
	run     *work.Run
}

func newRig(t *testing.T, script string) *rig {
	t.Helper()
	jobs, err := job.Open(t.Context(), testkit.Bus(t, "demo").JS)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	model := newModel(t, script)
	r := &rig{
		model: model,
		handler: &worker.Handler{
			Name: "test", Jobs: jobs, Blobs: blobs, Limit: worker.DefaultLimit(), Log: testkit.Log(t),
			Acquire:    func(context.Context, string) (worker.Model, error) { return model, nil },
			Translates: func(string) bool { return true },
			Observe:    func(string, time.Duration, bool) {},
		},
		run: &work.Run{
			Task: &jobv1.Task{JobId: "0198c0de-0000-7000-8000-000000000001", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR},
			Job:  &jobv1.Job{Options: &jobv1.Options{ResolvedModel: "demo", Language: "en", Vad: true}},
		},
	}
	r.plan(t, enginetest.Bursts(1, 10))
	return r
}

// plan stores a plan of one chunk that is all speech.
func (r *rig) plan(t *testing.T, pcm []byte) {
	t.Helper()
	end := int64(len(pcm) / 32)
	r.chunk = &jobv1.Chunk{
		EndMs: end, Speech: []*jobv1.Span{{EndMs: end}},
		Audio: r.store(t, job.ChunkBlobKey(r.run.Task.GetJobId(), 1, 0, "test"), pcm),
	}
	plan := &jobv1.Plan{JobId: r.run.Task.GetJobId(), Attempt: 1, Chunks: []*jobv1.Chunk{r.chunk}}
	if err := r.handler.Jobs.CreatePlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) store(t *testing.T, key string, data []byte) *jobv1.BlobRef {
	t.Helper()
	info, err := blob.Put(t.Context(), r.handler.Blobs, key, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return &jobv1.BlobRef{Key: info.Key, Sha256: info.SHA256, Size: info.Size}
}

func (r *rig) done(t *testing.T) bool {
	t.Helper()
	done, err := r.handler.Done(t.Context(), r.run.Task)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// model lends a pool that nobody else uses.
type model struct {
	*engine.Pool
	info *enginev1.GetInfoResponse
}

func newModel(t *testing.T, script string) model {
	t.Helper()
	pool, err := engine.NewPool(engine.Config{
		Binary: enginetest.Scripted(t), Model: enginetest.ScriptedModel(t, script), Slots: 1, Threads: 1,
		CancelGrace: 50 * time.Millisecond, Log: testkit.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	info, err := pool.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return model{pool, info}
}

func (m model) Info() *enginev1.GetInfoResponse { return m.info }
func (m model) SHA256() string                  { return "" }
func (m model) Release()                        {}

// busy reports whether a window is in the engine.
func (m model) busy(t *testing.T) bool {
	t.Helper()
	memory, err := m.Running().Memory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return memory.Busy > 0
}
