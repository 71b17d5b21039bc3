package job

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// ClaimLife is how long a user's idempotency key stands for the same job.
const ClaimLife = 24 * time.Hour

// Claim notes that a user's idempotency key stands for a job, for ClaimLife; the
// first one wins. It returns the claim that holds, whoever made it, and its revision.
func (s *Store) Claim(ctx context.Context, userID, key string, claim *jobv1.Claim) (holds *jobv1.Claim, revision uint64, err error) {
	for {
		revision, err = create(ctx, s.kv, claimKey(userID, key), claim, jetstream.KeyTTL(ClaimLife))
		if !fault.Is(err, fault.Conflict) {
			return claim, revision, err
		}
		holds = &jobv1.Claim{}
		revision, err = get(ctx, s.kv, claimKey(userID, key), holds)
		if !fault.Is(err, fault.NotFound) { // else it has just ended
			return holds, revision, err
		}
	}
}

// Claimed returns the claim of a key. NotFound: there is none.
func (s *Store) Claimed(ctx context.Context, userID, key string) (*jobv1.Claim, uint64, error) {
	claim := &jobv1.Claim{}
	revision, err := get(ctx, s.kv, claimKey(userID, key), claim)
	return claim, revision, err
}

// Disclaim removes a claim as it was at a revision, so that the key may be used
// again; it is no error when somebody else did.
func (s *Store) Disclaim(ctx context.Context, userID, key string, revision uint64) error {
	err := s.kv.Purge(ctx, claimKey(userID, key), jetstream.LastRevision(revision), jetstream.PurgeTTL(markerLife))
	if err == nil || isRace(err) {
		return nil
	}
	return busFault(fmt.Errorf("disclaim: %w", err))
}

// PurgeClaims removes all claims of a user.
func (s *Store) PurgeClaims(ctx context.Context, userID string) error {
	return s.purgeSubject(ctx, "KV_"+Bucket, fmt.Sprintf("$KV.%s.idem.%s.>", Bucket, Token(userID)))
}
