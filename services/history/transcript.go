package history

import (
	"context"
	"errors"
	"fmt"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// errUnreadable is returned for a transcript whose blob is gone or damaged.
// Asking again helps only after somebody has brought the blob back.
var errUnreadable = errors.New("transcript cannot be read")

// readTranscript reads the result of a completed job. errUnreadable; any other
// error means that the blob store does not answer.
func readTranscript(ctx context.Context, blobs blob.Store, record *jobv1.Job) (*jobv1.Transcript, error) {
	transcript, err := job.ReadTranscript(ctx, blobs, record.GetTranscript())
	for _, lasting := range []error{blob.ErrNotFound, blob.ErrKey, job.ErrDamaged} {
		if errors.Is(err, lasting) {
			return nil, fmt.Errorf("%w: %w", errUnreadable, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("transcript of %s: %w", record.GetId(), err)
	}
	return transcript, nil
}
