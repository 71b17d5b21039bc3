package history

import (
	"context"

	"github.com/stenomesh/stenomesh/services/history/internal/record"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Store is the database. Each method is one transaction. Errors are faults of
// kind Unavailable while the database does not answer (busy, disk full, away)
// and may then be tried again. Implementations pass the suite in storetest.
type Store interface {
	// Record stores changes of the job feed, all or none. A change that is not
	// newer than what is stored does nothing, so events may come twice, in any
	// order, and to several callers at once; but the transcript that a completed row
	// lacks is stored whenever a change of its attempt brings it. A deleted job loses its transcript and
	// everything but its id, owner and revision.
	Record(ctx context.Context, changes []record.Change) error
	// Job returns a job and the revision it was stored at. NotFound: there is
	// none, it is deleted, or it is another user's.
	Job(ctx context.Context, userID, jobID string) (*jobv1.Job, uint64, error)
	// Transcript returns the result of a job, the newest version of it. NotFound as
	// for Job, and when it has none.
	Transcript(ctx context.Context, userID, jobID string) (*jobv1.Transcript, error)
	// TranscriptVersion returns the result of a job as it was in a version, from 1.
	// NotFound as for Transcript, and when there is no such version. Recording a newer
	// version of a transcript keeps those before it.
	TranscriptVersion(ctx context.Context, userID, jobID string, version uint32) (*jobv1.Transcript, error)
	// Page returns jobs newest first by (created_at, id), or oldest first.
	Page(ctx context.Context, query record.Query) (record.Page, error)
	// Texts returns the texts of a user's transcripts by job, but for those longer than
	// so many characters, and jobs that have none.
	Texts(ctx context.Context, userID string, jobIDs []string, longest int) (map[string]string, error)
	// Confirmed reports whether the row of a job is at this revision or a later
	// one and, if it is completed, has the transcript of its attempt. A tombstone
	// is confirmed at every revision.
	Confirmed(ctx context.Context, jobID string, revision uint64) (bool, error)
	// Lacking returns a completed job that has no transcript, of whichever user,
	// and the revision it was stored at. NotFound: there is no such job, or it
	// lacks nothing.
	Lacking(ctx context.Context, jobID string) (*jobv1.Job, uint64, error)

	// UserStatistics returns the tallies of a user that are not of no job, those by day
	// from this one on (days since 1970 UTC).
	UserStatistics(ctx context.Context, userID string, fromDay int64) (record.UserStatistics, error)
	// SystemStatistics returns the tallies of all users by state.
	SystemStatistics(ctx context.Context) ([]record.Tally, error)
	// IndexMissing makes transcripts searchable that are not, because a version before
	// stored them: it looks at some of those behind a job, in the order of ids, and
	// returns the last that it looked at, or "" at the end.
	IndexMissing(ctx context.Context, after string) (last string, err error)
	// CountMissing makes the tallies of one user what the rows say: the first one behind
	// another, in the order of ids, who has not been counted at this level (1, 2). It
	// returns the user, or "" when there is none.
	CountMissing(ctx context.Context, level int, after string) (userID string, err error)

	// CreateUser stores a new account unless there is one of that name, and
	// reports which of the two it was.
	CreateUser(ctx context.Context, user record.User) (created bool, err error)
	// UserByName returns an account. NotFound.
	UserByName(ctx context.Context, name string) (record.User, error)
	// UserByID returns an account. NotFound.
	UserByID(ctx context.Context, id string) (record.User, error)
	// Users returns at most so many accounts in the order of their ids, those behind
	// one of them only, and whether there are more.
	Users(ctx context.Context, after string, limit int) (users []record.User, more bool, err error)
	// LockUser makes an account inactive and returns it; one that is stays so.
	// NotFound. Conflict, code "last_admin": no active administrator would be left,
	// however many are locked at the same moment.
	LockUser(ctx context.Context, id string) (record.User, error)
	// UpdateUser changes an account and returns it as it is then. NotFound. Conflict,
	// code "last_admin", as LockUser.
	UpdateUser(ctx context.Context, id string, change record.UserChange) (record.User, error)
	// CountUsers returns the number of accounts.
	CountUsers(ctx context.Context) (int64, error)
	// DeleteUser removes an account with its keys and usage, makes all jobs of the user tombstones, and
	// returns the ids of all jobs it ever had here, tombstones of before included:
	// so it may be asked again for what a deletion that broke off has to finish. A
	// job that is recorded later for the first time is there again.
	DeleteUser(ctx context.Context, userID string) (jobIDs []string, err error)

	// RecordDelivery stores how the delivery of a hook stands, unless a hook that was
	// queued later is known, and adds its newest attempt; doing it twice is harmless.
	// Nothing is stored of a deleted job, and with a job goes all that was. NotFound,
	// code "job_not_recorded": the job has no row yet.
	RecordDelivery(ctx context.Context, delivery *historyv1.Delivery) error
	// Delivery returns one delivery with its attempts. NotFound: there is none, or it
	// is another user's.
	Delivery(ctx context.Context, userID, id string) (*historyv1.Delivery, error)
	// Deliveries returns those of a job, the last ended first; none of another user's.
	Deliveries(ctx context.Context, userID, jobID string) ([]*historyv1.Delivery, error)
	// WebhookSecrets returns the secrets of a user that are valid when fresh was made,
	// the current one first; fresh becomes the first one of a user who has none.
	// NotFound: there is no such user.
	WebhookSecrets(ctx context.Context, userID string, fresh record.Secret) ([]record.Secret, error)
	// RotateWebhookSecret puts fresh in the place of the current secret, which stays
	// valid for record.SecretLife, if that is the one to be replaced, and returns the
	// valid ones. NotFound: the user has none. Exhausted: too many are valid.
	RotateWebhookSecret(ctx context.Context, userID, replaces string, fresh record.Secret) ([]record.Secret, error)

	// CreateKey stores an API key; if there is one of its id, that stays. NotFound:
	// there is no such user. Conflict, code "too_many_keys": the user has
	// record.MostKeys others, however many are made at the same moment.
	CreateKey(ctx context.Context, key record.Key) error
	// Keys returns the API keys of a user in the order of their ids.
	Keys(ctx context.Context, userID string) ([]record.Key, error)
	// KeyByHash returns the API key of a secret. NotFound.
	KeyByHash(ctx context.Context, hash [32]byte) (record.Key, error)
	// DeleteKey removes an API key of a user, if there is one.
	DeleteKey(ctx context.Context, userID, keyID string) error
	// NoteKeyUses notes when keys were used last; what is earlier than what is noted,
	// and of keys that are gone, is passed over.
	NoteKeyUses(ctx context.Context, uses []record.KeyUse) error

	// Usage returns the audio of the jobs that a user made on a day (days since 1970
	// UTC), in milliseconds. A job counts once, whatever becomes of it, and not at all
	// when it was served from the content cache.
	Usage(ctx context.Context, userID string, day int64) (audioMS int64, err error)

	// Check proves that the database answers.
	Check(ctx context.Context) error
	// Close releases the database. No call may follow.
	Close() error
}
