package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// ErrUnchanged is returned by the change function of Store.Update to leave the
// record as it is. Update then returns the record and no error.
var ErrUnchanged = errors.New("record left unchanged")

// Store reads and changes the JOBS bucket.
type Store struct {
	kv    jetstream.KeyValue
	js    jetstream.JetStream
	pulse *pulse
}

// Open binds to the bucket, which the provisioner has made.
func Open(ctx context.Context, js jetstream.JetStream) (*Store, error) {
	kv, err := js.KeyValue(ctx, Bucket)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", Bucket, err)
	}
	writes := &pulse{}
	return &Store{kv: felt{kv, writes}, js: js, pulse: writes}, nil
}

// Create accepts a job: when it returns, the record is on disk. Conflict: there
// is a job of that id, or there was one within the last hour. Unavailable: the bus
// does not take it now.
func (s *Store) Create(ctx context.Context, record *jobv1.Job) (revision uint64, err error) {
	record.UpdatedAt = timestamppb.New(time.Now())
	revision, err = update(ctx, s.kv, recordKey(record.GetId()), record, never)
	if errors.Is(err, errRace) {
		return 0, fault.Wrap(err, fault.Conflict, "exists", "There is one already.")
	}
	return revision, err
}

// never is the revision of a key that was never written, not even to be removed.
const never = 0

// Restore stores the record of a job again that was purged. Conflict: there is one.
func (s *Store) Restore(ctx context.Context, record *jobv1.Job) (revision uint64, err error) {
	record.UpdatedAt = timestamppb.New(time.Now())
	return create(ctx, s.kv, recordKey(record.GetId()), record)
}

// Get reads the record from the leader: it shows every write that was
// acknowledged. NotFound: there is none.
func (s *Store) Get(ctx context.Context, id string) (*jobv1.Job, uint64, error) {
	record := &jobv1.Job{}
	revision, err := get(ctx, s.kv, recordKey(id), record)
	if err != nil {
		return nil, 0, err
	}
	return record, revision, nil
}

// Update changes the record by compare-and-set, calling change again on a fresh
// copy whenever somebody else was faster. change must have no side effects.
// Conflict: the change would move the record backwards, or out of a terminal
// state other than to deleted, to a new attempt, or to the next version of a
// transcript.
func (s *Store) Update(ctx context.Context, id string, change func(*jobv1.Job) error) (*jobv1.Job, uint64, error) {
	for {
		record, revision, err := s.Get(ctx, id)
		if err != nil {
			return nil, 0, err
		}
		before := proto.CloneOf(record)
		switch err := change(record); {
		case errors.Is(err, ErrUnchanged):
			return before, revision, nil
		case err != nil:
			return nil, 0, err
		}
		if err := checkMove(before, record); err != nil {
			return nil, 0, err
		}
		noteEnd(before, record)
		record.UpdatedAt = timestamppb.New(time.Now())
		next, err := update(ctx, s.kv, recordKey(id), record, revision)
		if errors.Is(err, errRace) {
			continue
		}
		return record, next, err
	}
}

// checkMove is the state machine: forward only within an attempt, terminal
// states absorb, deleted absorbs everything.
func checkMove(before, after *jobv1.Job) error {
	from, to := before.GetState(), after.GetState()
	switch {
	case from == jobv1.State_STATE_DELETED:
	case to == jobv1.State_STATE_DELETED:
		return nil
	case after.GetAttempt() == before.GetAttempt()+1 && Terminal(from):
		return nil
	case after.GetAttempt() == before.GetAttempt() && !Terminal(from) && to >= from:
		return nil
	case isEdit(before, after):
		return nil
	}
	return fault.New(fault.Conflict, "job_"+stateWord(from), fmt.Sprintf("The job is already %s.", stateWord(from)))
}

// isEdit reports whether a change gives a completed job the next version of its
// transcript.
func isEdit(before, after *jobv1.Job) bool {
	return before.GetState() == jobv1.State_STATE_COMPLETED && after.GetState() == jobv1.State_STATE_COMPLETED &&
		after.GetAttempt() == before.GetAttempt() && TranscriptVersion(after) == TranscriptVersion(before)+1
}

func stateWord(state jobv1.State) string {
	switch state {
	case jobv1.State_STATE_COMPLETED:
		return "completed"
	case jobv1.State_STATE_FAILED:
		return "failed"
	case jobv1.State_STATE_CANCELLED:
		return "cancelled"
	case jobv1.State_STATE_DELETED:
		return "deleted"
	default:
		return "running"
	}
}

// Purge removes the record as it was at a revision. The facts beside it go by
// PurgeFacts. Conflict: it has changed since.
func (s *Store) Purge(ctx context.Context, id string, revision uint64) error {
	err := s.kv.Purge(ctx, recordKey(id), jetstream.LastRevision(revision), jetstream.PurgeTTL(markerLife))
	if isRace(err) {
		return fault.Wrap(err, fault.Conflict, "job_changed", "The job has changed.")
	}
	if err != nil {
		return busFault(fmt.Errorf("purge job %s: %w", id, err))
	}
	return nil
}
