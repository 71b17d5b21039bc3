package segments

import (
	"context"
	"fmt"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// read reads on for all listeners, unless somebody does already. It returns a channel
// that is closed when there is more; late, that something could not be read and is to
// be tried again soon.
func (s *Source) read(ctx context.Context, t *tale, e index.Entry) (grown <-chan struct{}, late bool) {
	for {
		grown = t.growth() // before the look: nothing slips through between
		lacks, late := t.lacks(e)
		if !lacks {
			return grown, late
		}
		select {
		case t.turn <- struct{}{}:
		default:
			return grown, false
		}
		err := s.readOn(ctx, t, e.Job)
		if err != nil && ctx.Err() == nil {
			// The facts of a job go as soon as it is over, and the index tells that next.
			s.Log.Debug("segments cannot be read yet", "job", t.id, "err", err)
			t.stumble(e.Revision)
		}
		t.release()
		if ctx.Err() != nil {
			return grown, false
		}
	}
}

// readOn reads what the record has and the tale lacks; the caller has the turn.
func (s *Source) readOn(ctx context.Context, t *tale, record *jobv1.Job) error {
	attempt := record.GetAttempt()
	assembly, err := s.assembly(ctx, t, record)
	if err != nil {
		return err
	}
	for assembly != nil && !assembly.Complete() && job.IsDone(record, uint32(assembly.Next())) {
		part, err := s.part(ctx, record, uint32(assembly.Next()))
		if err != nil {
			return err
		}
		assembly.Add(part)
		t.tell(attempt, assembly.Settled(), assembly.Next(), false)
	}
	if record.GetState() != jobv1.State_STATE_COMPLETED {
		return nil
	}
	if assembly != nil && assembly.Complete() {
		t.tell(attempt, assembly.Settled(), assembly.Next(), true)
		return nil
	}
	whole, err := s.Original(ctx, record)
	if err != nil {
		return fmt.Errorf("read transcript: %w", err)
	}
	t.tell(attempt, whole.GetSegments(), 0, true)
	return nil
}

// assembly returns that of the attempt, as far as it got; nil for a completed job, of
// which nobody has read the chunks.
func (s *Source) assembly(ctx context.Context, t *tale, record *jobv1.Job) (*transcript.Assembly, error) {
	if t.assembled != record.GetAttempt() {
		t.assembly, t.assembled = nil, record.GetAttempt()
	}
	if t.assembly == nil && record.GetState() != jobv1.State_STATE_COMPLETED {
		plan, err := s.Store.Plan(ctx, t.id, record.GetAttempt())
		if err != nil {
			return nil, fmt.Errorf("read plan: %w", err)
		}
		t.assembly = transcript.NewAssembly(plan)
	}
	return t.assembly, nil
}

// part returns what a chunk says.
func (s *Source) part(ctx context.Context, record *jobv1.Job, chunk uint32) (*jobv1.Transcript, error) {
	result, err := s.Store.Result(ctx, record.GetId(), record.GetAttempt(), chunk)
	if err != nil {
		return nil, fmt.Errorf("read result %d: %w", chunk, err)
	}
	return job.ReadTranscript(ctx, s.Blobs, result.GetTranscript())
}
