// Package transcripts reads finished transcripts: from the cache, else from the
// blob that the job's record points at, else from the history, which keeps them
// after the blob is gone. Whoever asks has made sure that the job is the user's.
package transcripts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const (
	cacheLife  = time.Hour
	cacheLimit = 8 << 20 // bytes; the cache refuses larger values
	readTime   = 30 * time.Second
)

// Reader is safe for all goroutines.
type Reader struct {
	Blobs   blob.Store
	History historyv1.HistoryServiceClient
	Cache   cachev1.CacheServiceClient
	Log     *slog.Logger

	reading singleflight.Group
}

// Read returns the newest transcript of a completed job; it is shared and not to be
// changed. However many ask at once, it is read once.
func (t *Reader) Read(ctx context.Context, record *jobv1.Job) (*jobv1.Transcript, error) {
	return t.Version(ctx, record, job.TranscriptVersion(record))
}

// Original is Read for the transcript as it was before any edit.
func (t *Reader) Original(ctx context.Context, record *jobv1.Job) (*jobv1.Transcript, error) {
	return t.Version(ctx, record, 1)
}

// Version is Read for one of the versions that the record has had.
func (t *Reader) Version(ctx context.Context, record *jobv1.Job, version uint32) (*jobv1.Transcript, error) {
	key := cacheKey(record, version)
	answer, err, _ := t.reading.Do(key, func() (any, error) {
		// Others wait for this answer too: one leaving must not spoil it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTime)
		defer cancel()
		if found := t.cached(ctx, key); found != nil {
			return found, nil
		}
		found, err := t.stored(ctx, record, version)
		if err == nil {
			t.remember(ctx, key, found)
		}
		return found, err
	})
	if err != nil {
		return nil, err
	}
	found, _ := answer.(*jobv1.Transcript)
	return found, nil
}

// Forget drops what the cache has of a job. A cache that does not answer is no
// error: without its job the entry cannot be reached, and it ages.
func (t *Reader) Forget(ctx context.Context, jobID string) {
	request := &cachev1.DeleteRequest{Prefixes: []string{job.CachedTranscripts(jobID)}}
	if _, err := t.Cache.Delete(ctx, request); err != nil {
		t.Log.Warn("transcript stays in the cache", "job", jobID, "err", err)
	}
}

// cacheKey is another for each version: what is cached under it is true for ever.
func cacheKey(record *jobv1.Job, version uint32) string {
	return job.CachedTranscripts(record.GetId()) + name(record, version)
}

// name of a version among all that a job has, for example "1.2".
func name(record *jobv1.Job, version uint32) string {
	return strconv.FormatUint(uint64(record.GetAttempt()), 10) + "." + strconv.FormatUint(uint64(version), 10)
}

// Tag is the entity tag of a version.
func Tag(record *jobv1.Job, version uint32) string { return `"` + name(record, version) + `"` }

func (t *Reader) cached(ctx context.Context, key string) *jobv1.Transcript {
	reply, err := t.Cache.Get(ctx, &cachev1.GetRequest{Key: key})
	if err != nil {
		t.Log.Debug("cache does not answer", "err", err)
		return nil
	}
	found := &jobv1.Transcript{}
	if !reply.GetFound() || proto.Unmarshal(reply.GetValue(), found) != nil {
		return nil
	}
	return found
}

func (t *Reader) remember(ctx context.Context, key string, found *jobv1.Transcript) {
	value, err := proto.Marshal(found)
	if err != nil || len(value) > cacheLimit {
		return
	}
	request := &cachev1.SetRequest{Key: key, Value: value, TtlMs: cacheLife.Milliseconds()}
	if _, err := t.Cache.Set(ctx, request); err != nil {
		t.Log.Debug("cache does not answer", "err", err)
	}
}

// stored reads the blob, which is of the newest version, or asks the history when the
// blob is gone or damaged.
func (t *Reader) stored(ctx context.Context, record *jobv1.Job, version uint32) (*jobv1.Transcript, error) {
	newest := job.TranscriptVersion(record)
	if ref := record.GetTranscript(); ref.GetKey() != "" && version == newest {
		found, err := job.ReadTranscript(ctx, t.Blobs, ref)
		if err == nil {
			return found, nil
		}
		if !errors.Is(err, blob.ErrNotFound) {
			t.Log.Warn("transcript blob cannot be used", "job", record.GetId(), "err", err)
		}
	}
	reply, err := t.History.GetTranscript(ctx, &historyv1.GetTranscriptRequest{
		UserId: record.GetUserId(), JobId: record.GetId(), Version: version,
	})
	if err != nil {
		return nil, fmt.Errorf("read transcript of %s: %w", record.GetId(), err)
	}
	if newest > 1 && reply.GetVersion() != version {
		return nil, fault.New(fault.Unavailable, "history_outdated", "This version of the transcript cannot be read right now; try again later.")
	}
	return reply.GetTranscript(), nil
}
