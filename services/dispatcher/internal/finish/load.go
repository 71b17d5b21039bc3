package finish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/assemble"
)

// errLost is returned when a fact that the record counts on is gone or is not
// what was stored: waiting will hardly bring it back.
var errLost = errors.New("a result is lost")

// load reads the plan of a job and all results.
func (f *Finisher) load(ctx context.Context, record *jobv1.Job) (*jobv1.Plan, []assemble.Part, error) {
	plan, err := f.jobs.Plan(ctx, record.GetId(), record.GetAttempt())
	if err != nil {
		return nil, nil, lostIfMissing(err)
	}
	parts := make([]assemble.Part, 0, len(plan.GetChunks()))
	for _, chunk := range plan.GetChunks() {
		part, err := f.loadPart(ctx, record, chunk.GetNumber())
		if err != nil {
			return nil, nil, fmt.Errorf("load chunk %d: %w", chunk.GetNumber(), err)
		}
		parts = append(parts, part)
	}
	return plan, parts, nil
}

func (f *Finisher) loadPart(ctx context.Context, record *jobv1.Job, chunk uint32) (assemble.Part, error) {
	result, err := f.jobs.Result(ctx, record.GetId(), record.GetAttempt(), chunk)
	if err != nil {
		return assemble.Part{}, lostIfMissing(err)
	}
	data, err := blob.Get(ctx, f.blobs, result.GetTranscript().GetKey())
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrKey) {
		return assemble.Part{}, errors.Join(errLost, err)
	}
	if err != nil {
		return assemble.Part{}, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != result.GetTranscript().GetSha256() {
		return assemble.Part{}, fmt.Errorf("%w: bytes of %s changed", errLost, result.GetTranscript().GetKey())
	}
	part := assemble.Part{Chunk: chunk, Transcript: &jobv1.Transcript{}}
	if err := proto.Unmarshal(data, part.Transcript); err != nil {
		return assemble.Part{}, errors.Join(errLost, err)
	}
	return part, nil
}

func lostIfMissing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return errors.Join(errLost, err)
	}
	return err
}
