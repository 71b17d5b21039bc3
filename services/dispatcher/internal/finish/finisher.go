// Package finish completes jobs whose chunks all have results: it assembles the
// transcript, stores it, and moves the record to completed. Several dispatchers
// may do so for one job at once: each writes under a name made from its bytes,
// which are the same for dispatchers of one version, and one moves the record.
package finish

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/assemble"
)

// lostTries is how often a job is tried whose results are lost, in case it is
// the store that does not show them all at once.
const lostTries = 3

// Finisher completes jobs that are offered to it.
type Finisher struct {
	jobs    *job.Store
	blobs   blob.Store
	log     *slog.Logger
	offered chan string

	mu      sync.Mutex
	pending map[string]bool // offered and not yet taken
	lost    map[string]int  // tries that found a result lost
}

// New returns a finisher.
func New(jobs *job.Store, blobs blob.Store, log *slog.Logger) *Finisher {
	return &Finisher{
		jobs: jobs, blobs: blobs, log: log, offered: make(chan string, 4096),
		pending: map[string]bool{}, lost: map[string]int{},
	}
}

// Offer asks that a job be completed, if it is assembling. It does not block;
// when too many wait, the job is left to the reconciler's next round.
func (f *Finisher) Offer(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pending[id] {
		return
	}
	select {
	case f.offered <- id:
		f.pending[id] = true
	default:
	}
}

// Run completes jobs, so many at once, until ctx ends.
func (f *Finisher) Run(ctx context.Context, workers int) {
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case id := <-f.offered:
					f.take(id)
					f.finish(ctx, id)
				}
			}
		})
	}
	group.Wait()
}

func (f *Finisher) take(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pending, id)
}

// finish completes one job. A failure is left to the reconciler, which offers
// the job again.
func (f *Finisher) finish(ctx context.Context, id string) {
	record, _, err := f.jobs.Get(ctx, id)
	if err == nil && record.GetState() != jobv1.State_STATE_ASSEMBLING || fault.Is(err, fault.NotFound) {
		f.Forget(id)
		return
	}
	if err != nil {
		return
	}
	err = f.complete(ctx, record)
	switch {
	case err == nil:
		f.Forget(id)
	case errors.Is(err, errLost) && f.countLost(id) >= lostTries:
		f.log.Error("job cannot be assembled", "job", id, "err", err)
		f.fail(ctx, record)
	case ctx.Err() == nil:
		f.log.Warn("job not assembled yet", "job", id, "err", err)
	}
}

// complete stores the transcript, then points the record at it.
func (f *Finisher) complete(ctx context.Context, record *jobv1.Job) error {
	plan, parts, err := f.load(ctx, record)
	if err != nil {
		return f.unlessOver(ctx, record, err)
	}
	whole, err := assemble.Assemble(plan, parts)
	if err != nil {
		return errors.Join(errLost, err)
	}
	if whole.GetModel() == "" { // no chunk has named it
		whole.Model = record.GetOptions().GetResolvedModel()
	}
	ref, err := f.store(ctx, record, whole)
	if err != nil {
		return err
	}
	crash.Point(crash.AfterTranscriptBlob)
	return f.point(ctx, record, ref, whole.GetLanguage())
}

func (f *Finisher) store(ctx context.Context, record *jobv1.Job, whole *jobv1.Transcript) (*jobv1.BlobRef, error) {
	data, err := assemble.Encode(whole)
	if err != nil {
		return nil, err
	}
	info, err := blob.PutNamed(ctx, f.blobs, bytes.NewReader(data), func(sha256 string) string {
		return job.TranscriptBlobKey(record.GetId(), record.GetAttempt(), sha256)
	})
	if err != nil {
		return nil, err
	}
	return &jobv1.BlobRef{Key: info.Key, Sha256: info.SHA256, Size: info.Size}, nil
}

// point makes the record completed. Where it was cancelled or deleted in the
// meantime, the transcript goes again.
func (f *Finisher) point(ctx context.Context, record *jobv1.Job, ref *jobv1.BlobRef, language string) error {
	now, moved := time.Now(), false
	after, _, err := f.jobs.Update(ctx, record.GetId(), func(r *jobv1.Job) error {
		moved = r.GetState() == jobv1.State_STATE_ASSEMBLING && r.GetAttempt() == record.GetAttempt()
		if !moved {
			return job.ErrUnchanged
		}
		r.Transcript = ref
		r.Language = languageOf(r, language)
		job.Advance(r, jobv1.State_STATE_COMPLETED, now)
		return nil
	})
	switch {
	case fault.Is(err, fault.NotFound), err == nil && !keeps(after, ref):
		return f.blobs.Delete(context.WithoutCancel(ctx), ref.GetKey())
	case err != nil:
		return err
	case moved:
		crash.Point(crash.AfterCompleted)
		f.log.Info("job completed", "job", record.GetId(), "took", now.Sub(record.GetCreatedAt().AsTime()))
	}
	return nil
}

// keeps reports whether a record needs its transcript.
func keeps(record *jobv1.Job, ref *jobv1.BlobRef) bool {
	return record.GetState() == jobv1.State_STATE_COMPLETED && record.GetTranscript().GetKey() == ref.GetKey()
}

// languageOf is the language of the words, or the one that was asked for where
// there are none.
func languageOf(record *jobv1.Job, spoken string) string {
	if spoken == "" && record.GetOptions().GetTranslate() {
		return "en"
	}
	if spoken == "" && record.GetOptions().GetLanguage() != "auto" {
		return record.GetOptions().GetLanguage()
	}
	return spoken
}

// unlessOver drops an error when the job is over: then somebody else has
// completed it, and its results were cleared away while we read them.
func (f *Finisher) unlessOver(ctx context.Context, record *jobv1.Job, err error) error {
	now, _, readErr := f.jobs.Get(ctx, record.GetId())
	if readErr == nil && now.GetState() != jobv1.State_STATE_ASSEMBLING || fault.Is(readErr, fault.NotFound) {
		return nil
	}
	return err
}

func (f *Finisher) fail(ctx context.Context, record *jobv1.Job) {
	_, _, err := f.jobs.Update(ctx, record.GetId(), func(r *jobv1.Job) error {
		if r.GetState() != jobv1.State_STATE_ASSEMBLING || r.GetAttempt() != record.GetAttempt() {
			return job.ErrUnchanged
		}
		r.Error = &jobv1.Error{Code: "internal", Message: "The transcript could not be put together."}
		job.Advance(r, jobv1.State_STATE_FAILED, time.Now())
		return nil
	})
	if err == nil {
		f.Forget(record.GetId())
	}
}

func (f *Finisher) countLost(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost[id]++
	return f.lost[id]
}

// Forget drops what is known of a job that is not assembling any more.
func (f *Finisher) Forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.lost, id)
}
