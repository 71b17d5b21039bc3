package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// errUnreadable is returned for a transcript whose blob is gone or damaged.
// Asking again helps only after somebody has brought the blob back.
var errUnreadable = errors.New("transcript cannot be read")

// readTranscript reads the result of a completed job and checks it against the
// sum in the record. errUnreadable; any other error means that the blob store
// does not answer.
func readTranscript(ctx context.Context, blobs blob.Store, job *jobv1.Job) (*jobv1.Transcript, error) {
	ref := job.GetTranscript()
	body, err := blob.Get(ctx, blobs, ref.GetKey())
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrKey) {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read transcript of %s: %w", job.GetId(), err)
	}
	sum := sha256.Sum256(body)
	if got := hex.EncodeToString(sum[:]); got != ref.GetSha256() {
		return nil, fmt.Errorf("%w: blob %s has sha256 %s instead of %s", errUnreadable, ref.GetKey(), got, ref.GetSha256())
	}
	transcript := &jobv1.Transcript{}
	if err := proto.Unmarshal(body, transcript); err != nil {
		return nil, fmt.Errorf("%w: decode blob %s: %w", errUnreadable, ref.GetKey(), err)
	}
	return transcript, nil
}
