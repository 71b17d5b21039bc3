package dispatcher_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// worker is the small program behind both stages: preprocessing makes as many
// chunks as the recording's name says, transcribing says the chunk's number.
type worker struct {
	*rig
	// before, if set, is called before each task; its error fails the task.
	before func(ctx context.Context, task *jobv1.Task) error
	runs   atomic.Int64
}

// workers starts so many for each stage; stop ends them and waits.
func (r *rig) workers(t testing.TB, count int, before func(context.Context, *jobv1.Task) error) (w *worker, stop func()) {
	t.Helper()
	w = &worker{rig: r, before: before}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, consumer := range []string{bus.ConsumerPre, bus.ConsumerASR("demo")} {
		source := work.NewDurable(r.JS, bus.StreamTasks, consumer, 5*time.Second)
		for n := range count {
			loop := &work.Worker{
				Name: fmt.Sprintf("%s-%d", consumer, n), Source: source, Handler: w, Jobs: r.jobs,
				Control: r.control, Conn: r.NC, JS: r.JS, Log: testkit.Log(t),
				Beat: bus.Beat, Lease: bus.Lease, RetryDelay: time.Millisecond,
			}
			running.Go(func() { loop.Run(ctx) })
		}
	}
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return w, stop
}

func (w *worker) Done(ctx context.Context, task *jobv1.Task) (bool, error) {
	if task.GetStage() == jobv1.Stage_STAGE_PRE {
		return false, nil
	}
	_, err := w.jobs.Result(ctx, task.GetJobId(), task.GetAttempt(), task.GetChunk())
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

func (w *worker) Run(ctx context.Context, run *work.Run) error {
	w.runs.Add(1)
	if w.before != nil {
		if err := w.before(ctx, run.Task); err != nil {
			return err
		}
	}
	if run.Task.GetStage() == jobv1.Stage_STAGE_PRE {
		return w.prepare(ctx, run)
	}
	return w.transcribe(ctx, run.Task)
}

func (w *worker) Fail(ctx context.Context, task *jobv1.Task, why *fault.Error) error {
	reason := &jobv1.Error{Code: why.Code, Message: why.Message}
	if task.GetStage() == jobv1.Stage_STAGE_ASR {
		return w.jobs.CreateResult(ctx, &jobv1.ChunkResult{
			JobId: task.GetJobId(), Attempt: task.GetAttempt(), Chunk: task.GetChunk(), Error: reason,
		})
	}
	_, _, err := w.jobs.Update(ctx, task.GetJobId(), func(record *jobv1.Job) error {
		record.Error = reason
		job.Advance(record, jobv1.State_STATE_FAILED, time.Now())
		return nil
	})
	return err
}

func (w *worker) prepare(ctx context.Context, run *work.Run) error {
	id, attempt := run.Task.GetJobId(), run.Task.GetAttempt()
	if err := w.advance(ctx, id, jobv1.State_STATE_PREPROCESSING, nil); err != nil {
		return err
	}
	chunks, err := strconv.Atoi(run.Job.GetInput().GetName())
	if err != nil {
		return err
	}
	plan := planOf(id, attempt, chunks)
	for n := range plan.GetChunks() {
		if _, err := blob.Put(ctx, w.blobs, job.ChunkBlobKey(id, attempt, uint32(n), "test"), bytes.NewReader([]byte("pcm"))); err != nil {
			return err
		}
	}
	if err := w.jobs.CreatePlan(ctx, plan); err != nil {
		return err
	}
	next := jobv1.State_STATE_TRANSCRIBING
	if chunks == 0 {
		next = jobv1.State_STATE_ASSEMBLING
	}
	return w.advance(ctx, id, next, plan)
}

func (w *worker) advance(ctx context.Context, id string, to jobv1.State, plan *jobv1.Plan) error {
	_, _, err := w.jobs.Update(ctx, id, func(record *jobv1.Job) error {
		if record.GetState() >= to {
			return job.ErrUnchanged
		}
		if plan != nil {
			record.Chunks, record.Media = uint32(len(plan.GetChunks())), plan.GetMedia()
			record.LeadChunk = uint32(max(0, len(plan.GetChunks())-1))
		}
		job.Advance(record, to, time.Now())
		return nil
	})
	return err
}

func (w *worker) transcribe(ctx context.Context, task *jobv1.Task) error {
	result, err := resultOf(ctx, w.blobs, task)
	if err != nil {
		return err
	}
	return w.jobs.CreateResult(ctx, result)
}

// resultOf stores what a chunk says and returns the fact that tells of it.
func resultOf(ctx context.Context, blobs blob.Store, task *jobv1.Task) (*jobv1.ChunkResult, error) {
	id, attempt, n := task.GetJobId(), task.GetAttempt(), task.GetChunk()
	start := int64(n) * 10_000
	data, err := proto.Marshal(&jobv1.Transcript{Model: "demo", Language: "en", Segments: []*jobv1.Segment{{
		StartMs: start + 1000, EndMs: start + 2000, Text: fmt.Sprintf("Chunk %d.", n), Language: "en",
	}}})
	if err != nil {
		return nil, err
	}
	info, err := blob.Put(ctx, blobs, job.ResultBlobKey(id, attempt, n, "test"), bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return &jobv1.ChunkResult{
		JobId: id, Attempt: attempt, Chunk: n, Language: "en", AudioMs: 10_000,
		Transcript: &jobv1.BlobRef{Key: info.Key, Sha256: info.SHA256, Size: info.Size},
	}, nil
}

// planOf cuts a recording into chunks of 10 s.
func planOf(id string, attempt uint32, chunks int) *jobv1.Plan {
	plan := &jobv1.Plan{JobId: id, Attempt: attempt, Media: &jobv1.Media{DurationMs: max(1, int64(chunks)) * 10_000}}
	for n := range chunks {
		plan.Chunks = append(plan.Chunks, &jobv1.Chunk{
			Number: uint32(n), StartMs: int64(n) * 10_000, EndMs: int64(n+1) * 10_000,
		})
	}
	return plan
}
