// Package worker transcribes chunks: it is the Handler that the loops of
// package work run for the transcriber.
//
//	plan, chunk PCM -> windows -> engine, one call each -> words in the
//	original recording -> result blob -> result record
//
// Where a chunk is cut into windows is up to package window, which model and
// engine process a call goes to is up to packages models and engine. The result
// is a fact that the dispatcher takes up.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/work"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

// Model is one loaded model, lent for a chunk. Its calls end with the errors of
// package engine.
type Model interface {
	// Info is the load report.
	Info() *enginev1.GetInfoResponse
	// SHA256 is that of the model file, lower-case hex.
	SHA256() string
	// Transcribe decodes one window; with alone no other call is in the engine.
	// The limit of engine.WithLimit holds from when the call is in it.
	Transcribe(ctx context.Context, req *enginev1.TranscribeRequest, alone bool) (*enginev1.TranscribeResponse, error)
	// DetectLanguage tells how probable each candidate is.
	DetectLanguage(ctx context.Context, req *enginev1.DetectLanguageRequest, alone bool) (*enginev1.DetectLanguageResponse, error)
	// Release gives the model back.
	Release()
}

// Handler transcribes chunks. All fields are needed; it may be shared by workers.
type Handler struct {
	// Name of the process, as it stands in results.
	Name  string
	Jobs  *job.Store
	Blobs blob.Store
	// Acquire lends a model by its catalogue name, loading it first if need be.
	Acquire func(ctx context.Context, model string) (Model, error)
	// Translates reports whether a model writes English when it is asked to.
	Translates func(model string) bool
	Limit      Limit
	// Observe is told how long a step took and whether it failed; one that was
	// stopped did not.
	Observe func(step string, took time.Duration, failed bool)
	Log     *slog.Logger

	plans plans
}

var _ work.Handler = (*Handler)(nil)

// Done reports whether the chunk has a result.
func (h *Handler) Done(ctx context.Context, task *jobv1.Task) (bool, error) {
	_, err := h.Jobs.Result(ctx, task.GetJobId(), task.GetAttempt(), task.GetChunk())
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Run transcribes one chunk and stores its result. Running it again gives the
// same words, and the first result stands.
func (h *Handler) Run(ctx context.Context, run *work.Run) (err error) {
	began := time.Now()
	defer func() { h.Observe("transcribe_chunk", time.Since(began), err != nil && ctx.Err() == nil) }()
	plan, chunk, err := h.chunk(ctx, run.Task)
	if err != nil {
		return storageError(ctx, run, err)
	}
	pcm, err := h.audio(ctx, chunk.GetAudio())
	if err != nil {
		return storageError(ctx, run, err)
	}
	model, err := h.Acquire(ctx, run.Job.GetOptions().GetResolvedModel())
	if err != nil {
		return engineError(ctx, run, err)
	}
	defer model.Release()
	d := &decoder{
		Handler: h, run: run, chunk: chunk, model: model,
		windows: window.Cut(chunk, pcm, run.Job.GetOptions().GetVad()),
		pcm:     pcm, quietDB: quietDB(plan, chunk), channels: len(plan.GetChannels()),
	}
	crash.Point(crash.BeforeRun)
	said, err := d.decode(ctx)
	if err != nil {
		return err
	}
	if err := h.store(ctx, said.result(d, began), said.transcript(d)); err != nil {
		return storageError(ctx, run, err)
	}
	h.Log.Debug("chunk transcribed", "job", run.Task.GetJobId(), "chunk", run.Task.GetChunk(),
		"windows", len(d.windows), "took", time.Since(began))
	return nil
}

// Fail stores that the chunk cannot be done; the dispatcher then fails the job.
func (h *Handler) Fail(ctx context.Context, task *jobv1.Task, why *fault.Error) error {
	return h.Jobs.CreateResult(ctx, &jobv1.ChunkResult{
		JobId: task.GetJobId(), Attempt: task.GetAttempt(), Chunk: task.GetChunk(), Worker: h.Name,
		Error: &jobv1.Error{Code: why.Code, Message: why.Message},
	})
}

func taskName(task *jobv1.Task) string {
	return fmt.Sprintf("%s/%d/%d", task.GetJobId(), task.GetAttempt(), task.GetChunk())
}
