package history

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// observed is a Store that tells how long each query took, and logs an outage
// where it is seen, once: callers only say "try again later".
type observed struct {
	Store
	observe func(query string, took time.Duration)
	log     *slog.Logger
	away    *atomic.Bool // the last query found no database
}

// Record leaves the log to the recorder, which decides what follows.
func (o observed) Record(ctx context.Context, changes []record.Change) error {
	began := time.Now()
	defer func() { o.observe("record_jobs", time.Since(began)) }()
	return o.Store.Record(ctx, changes)
}

func (o observed) Job(ctx context.Context, userID, jobID string) (_ *jobv1.Job, _ uint64, err error) {
	defer o.done(ctx, "job", time.Now(), &err)
	return o.Store.Job(ctx, userID, jobID)
}

func (o observed) TranscriptVersion(ctx context.Context, userID, jobID string, version uint32) (_ *jobv1.Transcript, err error) {
	defer o.done(ctx, "transcript_version", time.Now(), &err)
	return o.Store.TranscriptVersion(ctx, userID, jobID, version)
}

func (o observed) Transcript(ctx context.Context, userID, jobID string) (_ *jobv1.Transcript, err error) {
	defer o.done(ctx, "transcript", time.Now(), &err)
	return o.Store.Transcript(ctx, userID, jobID)
}

func (o observed) Page(ctx context.Context, query record.Query) (_ record.Page, err error) {
	name := "page_by_offset"
	switch {
	case len(query.Terms) > 0:
		name = "page_by_words"
	case query.Filtered():
		name = "page_filtered"
	case query.After != nil:
		name = "page_by_cursor"
	}
	defer o.done(ctx, name, time.Now(), &err)
	return o.Store.Page(ctx, query)
}

func (o observed) Texts(ctx context.Context, userID string, jobIDs []string, longest int) (_ map[string]string, err error) {
	defer o.done(ctx, "texts", time.Now(), &err)
	return o.Store.Texts(ctx, userID, jobIDs, longest)
}

func (o observed) UserStatistics(ctx context.Context, userID string, fromDay int64) (_ record.UserStatistics, err error) {
	defer o.done(ctx, "user_statistics", time.Now(), &err)
	return o.Store.UserStatistics(ctx, userID, fromDay)
}

func (o observed) SystemStatistics(ctx context.Context) (_ []record.Tally, err error) {
	defer o.done(ctx, "system_statistics", time.Now(), &err)
	return o.Store.SystemStatistics(ctx)
}

func (o observed) Confirmed(ctx context.Context, jobID string, revision uint64) (_ bool, err error) {
	defer o.done(ctx, "confirmed", time.Now(), &err)
	return o.Store.Confirmed(ctx, jobID, revision)
}

func (o observed) Lacking(ctx context.Context, jobID string) (_ *jobv1.Job, _ uint64, err error) {
	defer o.done(ctx, "lacking", time.Now(), &err)
	return o.Store.Lacking(ctx, jobID)
}

func (o observed) CreateUser(ctx context.Context, user record.User) (_ bool, err error) {
	defer o.done(ctx, "create_user", time.Now(), &err)
	return o.Store.CreateUser(ctx, user)
}

func (o observed) UserByName(ctx context.Context, name string) (_ record.User, err error) {
	defer o.done(ctx, "user_by_name", time.Now(), &err)
	return o.Store.UserByName(ctx, name)
}

func (o observed) UserByID(ctx context.Context, id string) (_ record.User, err error) {
	defer o.done(ctx, "user_by_id", time.Now(), &err)
	return o.Store.UserByID(ctx, id)
}

func (o observed) Users(ctx context.Context, after string, limit int) (_ []record.User, _ bool, err error) {
	defer o.done(ctx, "users", time.Now(), &err)
	return o.Store.Users(ctx, after, limit)
}

func (o observed) LockUser(ctx context.Context, id string) (_ record.User, err error) {
	defer o.done(ctx, "lock_user", time.Now(), &err)
	return o.Store.LockUser(ctx, id)
}

func (o observed) CountUsers(ctx context.Context) (_ int64, err error) {
	defer o.done(ctx, "count_users", time.Now(), &err)
	return o.Store.CountUsers(ctx)
}

func (o observed) DeleteUser(ctx context.Context, userID string) (_ []string, err error) {
	defer o.done(ctx, "delete_user", time.Now(), &err)
	return o.Store.DeleteUser(ctx, userID)
}

func (o observed) RecordDelivery(ctx context.Context, delivery *historyv1.Delivery) (err error) {
	defer o.done(ctx, "record_delivery", time.Now(), &err)
	return o.Store.RecordDelivery(ctx, delivery)
}

func (o observed) Delivery(ctx context.Context, userID, id string) (_ *historyv1.Delivery, err error) {
	defer o.done(ctx, "delivery", time.Now(), &err)
	return o.Store.Delivery(ctx, userID, id)
}

func (o observed) Deliveries(ctx context.Context, userID, jobID string) (_ []*historyv1.Delivery, err error) {
	defer o.done(ctx, "deliveries", time.Now(), &err)
	return o.Store.Deliveries(ctx, userID, jobID)
}

func (o observed) WebhookSecrets(ctx context.Context, userID string, fresh record.Secret) (_ []record.Secret, err error) {
	defer o.done(ctx, "webhook_secrets", time.Now(), &err)
	return o.Store.WebhookSecrets(ctx, userID, fresh)
}

func (o observed) RotateWebhookSecret(ctx context.Context, userID, replaces string, fresh record.Secret) (_ []record.Secret, err error) {
	defer o.done(ctx, "rotate_webhook_secret", time.Now(), &err)
	return o.Store.RotateWebhookSecret(ctx, userID, replaces, fresh)
}

func (o observed) UpdateUser(ctx context.Context, id string, change record.UserChange) (_ record.User, err error) {
	defer o.done(ctx, "update_user", time.Now(), &err)
	return o.Store.UpdateUser(ctx, id, change)
}

func (o observed) CreateKey(ctx context.Context, key record.Key) (err error) {
	defer o.done(ctx, "create_key", time.Now(), &err)
	return o.Store.CreateKey(ctx, key)
}

func (o observed) Keys(ctx context.Context, userID string) (_ []record.Key, err error) {
	defer o.done(ctx, "keys", time.Now(), &err)
	return o.Store.Keys(ctx, userID)
}

func (o observed) KeyByHash(ctx context.Context, hash [32]byte) (_ record.Key, err error) {
	defer o.done(ctx, "key_by_hash", time.Now(), &err)
	return o.Store.KeyByHash(ctx, hash)
}

func (o observed) DeleteKey(ctx context.Context, userID, keyID string) (err error) {
	defer o.done(ctx, "delete_key", time.Now(), &err)
	return o.Store.DeleteKey(ctx, userID, keyID)
}

func (o observed) NoteKeyUses(ctx context.Context, uses []record.KeyUse) (err error) {
	defer o.done(ctx, "note_key_uses", time.Now(), &err)
	return o.Store.NoteKeyUses(ctx, uses)
}

func (o observed) Usage(ctx context.Context, userID string, day int64) (_ int64, err error) {
	defer o.done(ctx, "usage", time.Now(), &err)
	return o.Store.Usage(ctx, userID, day)
}

func (o observed) done(ctx context.Context, query string, began time.Time, err *error) {
	took := time.Since(began)
	o.observe(query, took)
	away := fault.Is(*err, fault.Unavailable) && ctx.Err() == nil
	switch {
	case away && o.away.CompareAndSwap(false, true):
		o.log.WarnContext(ctx, "database is not available", "query", query, "took", took, "err", *err)
	case away:
		o.log.DebugContext(ctx, "database is still not available", "query", query, "took", took, "err", *err)
	case *err == nil && o.away.CompareAndSwap(true, false):
		o.log.InfoContext(ctx, "database is available again", "query", query)
	}
}
