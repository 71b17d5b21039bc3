// Package segments tells the segments of a job's transcript while the job runs, each
// as soon as nothing can change it any more, and how the job goes on meanwhile. What
// is told is what the finished transcript holds, on every replica and in every
// attempt to read it: so whoever counts can break off and go on elsewhere.
//
// The index says which chunks are done; their results come from the JOBS bucket and
// the blob store, and are put together as the dispatcher does (transcript.Assembly).
// However many listen to a job, its segments are read and kept once.
package segments

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

const (
	// Beat is how long Follow says nothing at most.
	Beat = 15 * time.Second
	// stride is that for a job which is being worked on: its progress changes without
	// a new revision.
	stride = time.Second
)

// Source is safe for all goroutines.
type Source struct {
	Index *index.Index
	Store *job.Store
	Blobs blob.Store
	// Find looks for a job that the index does not know (any more).
	Find func(ctx context.Context, userID, id string) (index.Entry, error)
	// Original returns the transcript of a completed job as it was before any edit;
	// it is shared and not to be changed.
	Original func(ctx context.Context, record *jobv1.Job) (*jobv1.Transcript, error)
	Log      *slog.Logger

	mu    sync.Mutex
	tales map[string]*tale // by job id, while somebody listens
}

// Mark is how far somebody has read.
type Mark struct {
	Attempt uint32 // of the job; another one is read from its beginning
	Sent    int    // segments of this attempt
}

// News is how a job stands, and what of its transcript is new.
type News struct {
	Entry    index.Entry
	Segments []*jobv1.Segment // shared, not to be changed
	Mark     Mark             // behind Segments
	// Ended is set in the last news: the job is over, and all segments were told
	// that there will be in this attempt.
	Ended bool
}

// Follow tells how a job goes on from a mark: at once, whenever something changes, and
// after Beat at the latest. It ends behind the news that the job has ended, and before
// when ctx ends or the gateway is about to: then it is to be gone on with elsewhere.
// What cannot be read now is read when it can be. e is the job as it was found; one
// that is removed meanwhile is told as deleted. The caller is not hurried: what
// happens while it works is told at once in the next news.
func (s *Source) Follow(ctx context.Context, e index.Entry, from Mark) iter.Seq[News] {
	return func(yield func(News) bool) {
		t := s.enter(e.Job.GetId())
		defer s.leave(t)
		timer := time.NewTimer(Beat)
		defer timer.Stop()
		for ctx.Err() == nil {
			var changed <-chan struct{}
			e, changed = s.look(ctx, e)
			grown, late := s.read(ctx, t, e)
			news := t.news(e, from)
			if !yield(news) || news.Ended {
				return
			}
			from = news.Mark
			timer.Reset(pause(e.Job, late))
			select {
			case <-changed:
			case <-grown:
			case <-timer.C:
			case <-s.Index.Closed():
				return
			case <-ctx.Done():
			}
		}
	}
}

// pause is how long nothing has to be told; late is set when something could not be
// read.
func pause(record *jobv1.Job, late bool) time.Duration {
	switch record.GetState() {
	case jobv1.State_STATE_PREPROCESSING, jobv1.State_STATE_TRANSCRIBING:
		return stride
	}
	if late {
		return stride
	}
	return Beat
}

// look returns the job as it is now, and a channel that is closed when it changes; nil
// for a job that is not in the index, which hardly changes any more.
func (s *Source) look(ctx context.Context, e index.Entry) (index.Entry, <-chan struct{}) {
	id := e.Job.GetId()
	now, changed, known := s.Index.Watch(id)
	switch {
	case known:
		return now, changed
	case job.Terminal(e.Job.GetState()):
		return e, nil
	}
	found, err := s.Find(ctx, e.Job.GetUserId(), id)
	switch {
	case err == nil:
		return found, nil
	case fault.Is(err, fault.NotFound):
		gone := &jobv1.Job{Id: id, UserId: e.Job.GetUserId(), Attempt: e.Job.GetAttempt(), State: jobv1.State_STATE_DELETED}
		return index.Entry{Job: gone, Revision: e.Revision}, nil
	default:
		return e, nil
	}
}

func (s *Source) enter(id string) *tale {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tales == nil {
		s.tales = map[string]*tale{}
	}
	t := s.tales[id]
	if t == nil {
		t = newTale(id)
		s.tales[id] = t
	}
	t.listeners++
	return t
}

func (s *Source) leave(t *tale) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.listeners--; t.listeners == 0 {
		delete(s.tales, t.id)
	}
}
