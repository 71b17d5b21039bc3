package worker

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// outcome is what was heard in a chunk.
type outcome struct {
	verdict
	segments []*jobv1.Segment
	warnings []string // for the user
}

// transcript is the outcome as it is stored.
func (o outcome) transcript(d *decoder) *jobv1.Transcript {
	return &jobv1.Transcript{
		Language: o.language, DurationMs: d.lengthMs(), Segments: o.segments,
		Model:       d.run.Job.GetOptions().GetResolvedModel(),
		ModelSha256: d.model.SHA256(), Engine: d.model.Info().GetEngine(),
	}
}

// result is the record of the outcome, still without its transcript.
func (o outcome) result(d *decoder, began time.Time) *jobv1.ChunkResult {
	task := d.run.Task
	return &jobv1.ChunkResult{
		JobId: task.GetJobId(), Attempt: task.GetAttempt(), Chunk: task.GetChunk(), Worker: d.Name,
		Language: o.language, LanguageProbability: o.probability,
		WorkMs: time.Since(began).Milliseconds(), AudioMs: d.shareMs(d.lengthMs()), Warnings: o.warnings,
		ModelSha256: d.model.SHA256(), Engine: d.model.Info().GetEngine(),
	}
}

// store writes the words as a blob and then the record that points at it. When
// another worker was faster, its result stands; ours then lies beside it under
// another key, or is the very same, and goes with the job.
func (h *Handler) store(ctx context.Context, result *jobv1.ChunkResult, said *jobv1.Transcript) error {
	task := &jobv1.Task{JobId: result.GetJobId(), Attempt: result.GetAttempt(), Chunk: result.GetChunk()}
	if done, err := h.Done(ctx, task); err != nil || done {
		return err
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(said)
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	info, err := blob.PutNamed(ctx, h.Blobs, bytes.NewReader(data), func(sha256 string) string {
		return job.ResultBlobKey(result.GetJobId(), result.GetAttempt(), result.GetChunk(), sha256)
	})
	if err != nil {
		return fmt.Errorf("store result: %w", err)
	}
	crash.Point(crash.AfterResultBlob)
	result.Transcript = &jobv1.BlobRef{Key: info.Key, Sha256: info.SHA256, Size: info.Size}
	if err := h.Jobs.CreateResult(ctx, result); err != nil {
		return fmt.Errorf("store result: %w", err)
	}
	crash.Point(crash.AfterResult)
	return nil
}
