package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Streams beside the buckets that hold something of a user.
const (
	DeadStream     = "DLQ"
	ProgressStream = "PROGRESS"
)

// erasures matches the keys of all erasures.
const erasures = "erase.>"

func erasureKey(userID string) string { return "erase." + Token(userID) }

// OrderErasure has all that belongs to a user removed: when it returns, the order
// is on disk. It is no error when there is one already, which then stands.
func (s *Store) OrderErasure(ctx context.Context, order *accountv1.Erasure) error {
	_, err := create(ctx, s.kv, erasureKey(order.GetUserId()), order)
	return unlessExists(err)
}

// FinishErasure notes that nothing is left of a user. It may be said twice; the
// first time counts.
func (s *Store) FinishErasure(ctx context.Context, userID string, now time.Time) error {
	for {
		order := &accountv1.Erasure{}
		revision, err := get(ctx, s.kv, erasureKey(userID), order)
		if err != nil || order.GetFinishedAt() != nil {
			return err
		}
		order.FinishedAt = timestamppb.New(now)
		if _, err = update(ctx, s.kv, erasureKey(userID), order, revision); !errors.Is(err, errRace) {
			return err
		}
	}
}

// FollowErasures tells every erasure there is, which handle must not change, calls
// caughtUp, and then tells each change, as Follow does for jobs.
func (s *Store) FollowErasures(ctx context.Context, handle func(*accountv1.Erasure), caughtUp func()) error {
	decode := func(msg jetstream.Msg, _ uint64, gone bool) {
		order := &accountv1.Erasure{}
		if !gone && proto.Unmarshal(msg.Data(), order) == nil {
			handle(order)
		}
	}
	return follow(ctx, s.js, Bucket, erasures, decode, caughtUp)
}

// Bury makes a record a tombstone: deleted, and nothing left of it but whose it was
// and when.
func Bury(record *jobv1.Job, now time.Time) {
	Advance(record, jobv1.State_STATE_DELETED, now)
	tombstone := &jobv1.Job{
		Id: record.GetId(), UserId: record.GetUserId(), State: record.GetState(), Attempt: record.GetAttempt(),
		CreatedAt: record.GetCreatedAt(), FinishedAt: record.GetFinishedAt(),
	}
	proto.Reset(record)
	proto.Merge(record, tombstone)
}

// PurgeTraces removes what stands on the bus under a user's name beside jobs and
// files: claims, queued tasks, dead letters, notes of progress, hooks.
func (s *Store) PurgeTraces(ctx context.Context, userID string) error {
	user := Token(userID)
	return errors.Join(
		s.PurgeClaims(ctx, userID),
		s.purgeSubject(ctx, TaskStream, "tasks.v1.*.*."+user+".>"),
		s.purgeSubject(ctx, DeadStream, "dlq.v1.*."+user+".>"),
		s.purgeSubject(ctx, ProgressStream, "progress.v1."+user+".>"),
		s.purgeSubject(ctx, HookStream, "hooks.v1."+user+".>"),
	)
}

// PurgeUser removes all files of a user, and the marks of those that were deleted:
// their keys hold names that the user chose.
func (f *Files) PurgeUser(ctx context.Context, userID string) error {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	stream, err := f.js.Stream(ctx, "KV_"+FilesBucket)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSubject(fmt.Sprintf("$KV.%s.%s.>", FilesBucket, Token(userID))))
	}
	if err != nil {
		return busFault(fmt.Errorf("purge files: %w", err))
	}
	return nil
}
