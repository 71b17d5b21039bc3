package transcripts

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
)

const (
	// mostVersions of a transcript: each is kept whole.
	mostVersions = 200
	// recordTime is how long an edit waits for the history, which is a moment behind.
	recordTime = 3 * time.Second
	askAgain   = 50 * time.Millisecond
)

// Editor makes new versions of transcripts. It is safe for all goroutines.
type Editor struct {
	Reader *Reader
	Jobs   *jobs.Jobs
}

// Edit makes the next version of the transcript of a completed job, as it was found, out
// of the one there is: when it returns, that is on disk. The version before must be in the
// history first, which keeps it from then on: the record points at one blob only.
// Conflict, code "transcript_changed": somebody was faster; code "too_many_versions".
// Unavailable, code "history_behind": the history does not have the version before yet.
// An error of change is returned as it is.
func (e *Editor) Edit(ctx context.Context, found index.Entry, change func(*jobv1.Transcript) (*jobv1.Transcript, error)) (index.Entry, error) {
	if job.TranscriptVersion(found.Job) >= mostVersions {
		return index.Entry{}, fault.New(fault.Conflict, "too_many_versions",
			fmt.Sprintf("A transcript has at most %d versions.", mostVersions))
	}
	old, err := e.Reader.Read(ctx, found.Job)
	if err != nil {
		return index.Entry{}, err
	}
	edited, err := change(old)
	if err != nil {
		return index.Entry{}, err
	}
	if err := e.awaitRecorded(ctx, found); err != nil {
		return index.Entry{}, err
	}
	ref, err := e.store(ctx, found.Job, edited)
	if err != nil {
		return index.Entry{}, err
	}
	after, err := e.Jobs.SetTranscript(ctx, found.Job, ref)
	if fault.Is(err, fault.Conflict) { // after any other error the record may point at it
		e.remove(ctx, ref)
	}
	return after, err
}

// awaitRecorded waits until the history has the version that there is.
func (e *Editor) awaitRecorded(ctx context.Context, found index.Entry) error {
	limited, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	for {
		recorded, err := e.Jobs.Recorded(limited, found)
		switch {
		case recorded:
			return nil
		case err != nil && limited.Err() == nil:
			return err
		}
		select {
		case <-limited.Done():
			return fault.New(fault.Unavailable, "history_behind", "The transcript is not recorded yet; try again in a moment.")
		case <-time.After(askAgain):
		}
	}
}

func (e *Editor) store(ctx context.Context, record *jobv1.Job, edited *jobv1.Transcript) (*jobv1.BlobRef, error) {
	data, err := proto.Marshal(edited)
	if err != nil {
		return nil, fmt.Errorf("encode transcript: %w", err)
	}
	key := job.EditBlobKey(record.GetId(), record.GetAttempt(), rand.Text())
	info, err := blob.Put(ctx, e.Reader.Blobs, key, bytes.NewReader(data))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "storage_unavailable", "The transcript cannot be stored right now; try again later.")
	}
	return &jobv1.BlobRef{Key: info.Key, Sha256: info.SHA256, Size: info.Size}, nil
}

// remove drops what nothing points at; where that fails the janitor does it later.
func (e *Editor) remove(ctx context.Context, ref *jobv1.BlobRef) {
	if err := e.Reader.Blobs.Delete(context.WithoutCancel(ctx), ref.GetKey()); err != nil {
		e.Reader.Log.Warn("transcript of an edit that came to nothing stays for now", "key", ref.GetKey(), "err", err)
	}
}
