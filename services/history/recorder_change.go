package history

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// A batch is committed in parts when its transcripts weigh more than this, in
// bytes, so that a day of audio a job does not fill the memory.
const batchBytes = 32 << 20

// changes reads messages until their transcripts weigh enough for one
// transaction, and returns how many it read. The error is that of a transcript;
// resigned is transcript's.
func (r *recorder) changes(ctx context.Context, messages []jetstream.Msg, resigned bool) (changes []record.Change, n int, err error) {
	var weight int64
	for _, msg := range messages {
		n++
		change, ok := r.change(ctx, msg)
		if !ok {
			continue
		}
		if change.Transcript, err = r.transcript(ctx, change.Job, resigned); err != nil {
			return nil, n, err
		}
		changes = append(changes, change)
		if weight += change.Job.GetTranscript().GetSize(); weight > batchBytes {
			break
		}
	}
	return changes, n, nil
}

// change reads one message. Markers that a key was removed are passed over, and
// so is what can never be stored: it would hold up everything behind it.
func (r *recorder) change(ctx context.Context, msg jetstream.Msg) (record.Change, bool) {
	if job.IsMarker(msg) {
		return record.Change{}, false
	}
	meta, err := msg.Metadata()
	change := record.Change{Job: &jobv1.Job{}}
	if err == nil {
		err = proto.Unmarshal(msg.Data(), change.Job)
	}
	if err == nil {
		change.Revision = meta.Sequence.Stream
		_, err = record.RowOf(change)
	}
	if err != nil {
		r.log.ErrorContext(ctx, "job record is not usable", "subject", msg.Subject(), "err", err)
		return record.Change{}, false
	}
	return change, true
}

// transcript reads the result of a completed job. Without one that is gone or
// damaged the row is stored all the same, but it is not confirmed: record and
// blob stay, and the transcript follows when it can be read (GetConfirmed). A
// blob store that does not answer is an error, unless the recorder is resigned:
// what keeps failing must not hold up all later jobs.
func (r *recorder) transcript(ctx context.Context, completed *jobv1.Job, resigned bool) (*jobv1.Transcript, error) {
	if completed.GetState() != jobv1.State_STATE_COMPLETED {
		return nil, nil
	}
	transcript, err := readTranscript(ctx, r.blobs, completed)
	if errors.Is(err, errUnreadable) || err != nil && resigned && ctx.Err() == nil {
		r.log.ErrorContext(ctx, "job is recorded without its transcript", "job", completed.GetId(), "err", err)
		return nil, nil
	}
	return transcript, err
}
