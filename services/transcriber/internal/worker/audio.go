package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/stenomesh/stenomesh/pkg/blob"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// errDamaged is returned for a blob that is not what the plan says.
var errDamaged = errors.New("chunk audio is damaged")

// audio reads the PCM of a chunk and proves it to be what was written.
func (h *Handler) audio(ctx context.Context, ref *jobv1.BlobRef) ([]byte, error) {
	pcm, err := blob.Get(ctx, h.Blobs, ref.GetKey())
	if err != nil {
		return nil, fmt.Errorf("read chunk audio: %w", err)
	}
	sum := sha256.Sum256(pcm)
	if int64(len(pcm)) != ref.GetSize() || hex.EncodeToString(sum[:]) != ref.GetSha256() {
		return nil, fmt.Errorf("read chunk audio %s: %w", ref.GetKey(), errDamaged)
	}
	return pcm, nil
}
