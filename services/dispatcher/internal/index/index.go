// Package index holds what the job feed told: the records of unfinished jobs,
// and of finished ones what is needed to clear them away.
package index

import (
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Over is a job in a terminal state whose record is still in the bucket.
type Over struct {
	ID         string
	UserID     string
	State      jobv1.State
	Attempt    uint32
	Transcript string // blob key; empty unless completed
	Revision   uint64
	Finished   time.Time
	Hook       bool // somebody is to be told of its end
}

// Index is safe for concurrent use.
type Index struct {
	mu    sync.Mutex
	live  map[string]*jobv1.Job
	over  map[string]Over
	seen  map[string]bool // told since the feed was opened; nil once it caught up
	ready bool
}

// New returns an empty index.
func New() *Index {
	return &Index{live: map[string]*jobv1.Job{}, over: map[string]Over{}}
}

// Restart is called before the feed is opened anew.
func (x *Index) Restart() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen = map[string]bool{}
}

// Observe takes note of a record.
func (x *Index) Observe(record *jobv1.Job, revision uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id := record.GetId()
	if x.seen != nil {
		x.seen[id] = true
	}
	if !job.Terminal(record.GetState()) {
		delete(x.over, id)
		x.live[id] = record
		return
	}
	delete(x.live, id)
	x.over[id] = overOf(record, revision)
}

func overOf(record *jobv1.Job, revision uint64) Over {
	over := Over{
		ID: record.GetId(), UserID: record.GetUserId(), State: record.GetState(), Attempt: record.GetAttempt(),
		Revision: revision, Finished: record.GetFinishedAt().AsTime(), Hook: record.GetOptions().GetCallbackUrl() != "",
	}
	if record.GetState() == jobv1.State_STATE_COMPLETED {
		over.Transcript = record.GetTranscript().GetKey()
	}
	return over
}

// Forget drops a job whose record is gone.
func (x *Index) Forget(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.live, id)
	delete(x.over, id)
}

// CaughtUp is called when the feed has told every record. It drops the jobs
// that were not told, because their records went while nobody listened, and
// returns their ids.
func (x *Index) CaughtUp() (gone []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id := range x.live {
		if x.seen != nil && !x.seen[id] {
			gone = append(gone, id)
			delete(x.live, id)
		}
	}
	for id := range x.over {
		if x.seen != nil && !x.seen[id] {
			delete(x.over, id)
		}
	}
	x.seen, x.ready = nil, true
	return gone
}

// Ready reports whether the index has been complete once.
func (x *Index) Ready() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.ready
}

// Live returns the records of unfinished jobs; they are not to be changed.
func (x *Index) Live() []*jobv1.Job {
	x.mu.Lock()
	defer x.mu.Unlock()
	records := make([]*jobv1.Job, 0, len(x.live))
	for _, record := range x.live {
		records = append(records, record)
	}
	return records
}

// IsLive reports whether a job is unfinished.
func (x *Index) IsLive(id string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.live[id] != nil
}

// Over returns what is known of a finished job.
func (x *Index) Over(id string) (Over, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	over, ok := x.over[id]
	return over, ok
}

// AllOver returns all finished jobs.
func (x *Index) AllOver() []Over {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := make([]Over, 0, len(x.over))
	for _, over := range x.over {
		list = append(list, over)
	}
	return list
}

// Of returns the jobs of the users that are wanted, unfinished ones too.
func (x *Index) Of(wanted func(userID string) bool) []Over {
	x.mu.Lock()
	defer x.mu.Unlock()
	var list []Over
	for _, record := range x.live {
		if wanted(record.GetUserId()) {
			list = append(list, overOf(record, 0))
		}
	}
	for _, over := range x.over {
		if wanted(over.UserID) {
			list = append(list, over)
		}
	}
	return list
}
