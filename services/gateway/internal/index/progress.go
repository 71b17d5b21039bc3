package index

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Shares of the whole that the stages take, as a client sees them. Transcribing
// takes what is between.
const (
	shareDecoded     = 0.05
	shareTranscribed = 0.98
)

// Note takes a lossy note of progress. Those for jobs that are unknown, or of
// another attempt, are dropped.
func (x *Index) Note(note *jobv1.Progress) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, known := x.entries[note.GetJobId()]
	if !known || e.Job.GetAttempt() != note.GetAttempt() {
		return
	}
	switch {
	case note.GetStage() == jobv1.Stage_STAGE_PRE && note.GetTotalMs() > 0:
		share := float64(note.GetDoneMs()) / float64(note.GetTotalMs())
		if e.Job.GetState() == jobv1.State_STATE_PREPROCESSING {
			e.raise(shareDecoded * min(1, share))
		}
	case note.GetStage() == jobv1.Stage_STAGE_ASR && note.GetChunk() < e.Job.GetChunks():
		e.chunks[note.GetChunk()] = max(0, note.GetDoneMs())
		e.advance()
	}
}

// ListenProgress feeds notes from the bus into the index until ctx ends.
func (x *Index) ListenProgress(ctx context.Context, nc *nats.Conn) error {
	sub, err := nc.Subscribe("progress.v1.>", func(msg *nats.Msg) {
		note := &jobv1.Progress{}
		if proto.Unmarshal(msg.Data, note) == nil {
			x.Note(note)
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe to progress: %w", err)
	}
	<-ctx.Done()
	if err := sub.Unsubscribe(); err != nil && !nc.IsClosed() {
		return fmt.Errorf("end subscription to progress: %w", err)
	}
	return nil
}

// advance raises the progress to what the record and the notes say.
func (e *entry) advance() {
	switch e.Job.GetState() {
	case jobv1.State_STATE_TRANSCRIBING:
		e.raise(shareDecoded + (shareTranscribed-shareDecoded)*e.transcribed())
	case jobv1.State_STATE_ASSEMBLING:
		e.raise(shareTranscribed)
	case jobv1.State_STATE_COMPLETED:
		e.raise(1)
	}
}

// transcribed is the share of the recording that is done: whole chunks by the
// record, running ones by the notes.
func (e *entry) transcribed() float64 {
	total := e.Job.GetMedia().GetDurationMs()
	if total <= 0 {
		return 0
	}
	done := e.Job.GetDoneMs()
	for chunk, ms := range e.chunks {
		if job.IsDone(e.Job, chunk) {
			delete(e.chunks, chunk)
			continue
		}
		done += ms
	}
	return min(1, float64(done)/float64(total))
}

func (e *entry) raise(to float64) { e.Progress = max(e.Progress, to) }
