package job

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

// ErrDamaged is returned for a blob whose bytes are not those that the record
// was written for. Reading it again gives the same.
var ErrDamaged = errors.New("blob is not what was stored")

// ReadTranscript reads the result of a completed job and checks it against the
// sum in its record: blob.ErrNotFound, blob.ErrKey, ErrDamaged; any other error
// means that the blob store does not answer.
func ReadTranscript(ctx context.Context, blobs blob.Store, ref *jobv1.BlobRef) (*jobv1.Transcript, error) {
	body, err := blob.Get(ctx, blobs, ref.GetKey())
	if err != nil {
		return nil, fmt.Errorf("read transcript %q: %w", ref.GetKey(), err)
	}
	sum := sha256.Sum256(body)
	if got := hex.EncodeToString(sum[:]); got != ref.GetSha256() {
		return nil, fmt.Errorf("%w: %s has sha256 %s instead of %s", ErrDamaged, ref.GetKey(), got, ref.GetSha256())
	}
	transcript := &jobv1.Transcript{}
	if err := proto.Unmarshal(body, transcript); err != nil {
		return nil, fmt.Errorf("%w: decode %s: %w", ErrDamaged, ref.GetKey(), err)
	}
	return transcript, nil
}
