package history

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// A batch is committed in parts when its transcripts weigh more than this, in
// bytes, so that a day of audio a job does not fill the memory.
const batchBytes = 32 << 20

// changes reads messages until their transcripts weigh enough for one
// transaction, and returns how many it read.
func (r *recorder) changes(ctx context.Context, messages []jetstream.Msg) (changes []record.Change, n int, err error) {
	var weight int64
	for _, msg := range messages {
		n++
		change, ok := r.change(ctx, msg)
		if !ok {
			continue
		}
		if change.Transcript, err = r.transcript(ctx, change.Job); err != nil {
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
	if isMarker(msg) {
		return record.Change{}, false
	}
	meta, err := msg.Metadata()
	job := &jobv1.Job{}
	if err == nil {
		err = proto.Unmarshal(msg.Data(), job)
	}
	change := record.Change{Job: job}
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
// blob store that does not answer is an error.
func (r *recorder) transcript(ctx context.Context, job *jobv1.Job) (*jobv1.Transcript, error) {
	if job.GetState() != jobv1.State_STATE_COMPLETED {
		return nil, nil
	}
	transcript, err := readTranscript(ctx, r.blobs, job)
	if errors.Is(err, errUnreadable) {
		r.log.ErrorContext(ctx, "job is recorded without its transcript", "job", job.GetId(), "err", err)
		return nil, nil
	}
	return transcript, err
}

// isMarker reports whether a message stands for the removal of its key: by a
// call, or by age.
func isMarker(msg jetstream.Msg) bool {
	headers := msg.Headers()
	return headers.Get("KV-Operation") != "" || headers.Get(jetstream.MarkerReasonHeader) != ""
}
