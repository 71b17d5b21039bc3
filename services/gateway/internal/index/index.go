// Package index keeps the gateway's picture of the jobs: those under way and those
// that ended lately, from the job feed and from the gateway's own writes. Status,
// long polls and the newest rows of the history are answered from it. Older jobs
// are not here: package jobs looks further.
package index

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Entry is a job as the index has it.
type Entry struct {
	Job      *jobv1.Job // shared, not to be changed
	Revision uint64     // of the record
	Progress float64    // in [0,1], never less than it was in this attempt
}

// Index is safe for all goroutines.
type Index struct {
	now func() time.Time

	mu        sync.Mutex
	entries   map[string]*entry
	live      map[string]int // user -> jobs that are not terminal
	reserved  userIDs        // jobs that are being accepted (reserve.go)
	unsettled userIDs        // jobs that the history may not have as we do (settle.go)
	usage     usage          // of today (usage.go)
	ended     []string       // ids in the order they became terminal here
	caughtUp  chan struct{}  // closed once the feed has told all that was stored
	broken    atomic.Bool    // the feed broke and has not caught up again
	closed    chan struct{}  // closed by Close
	once      struct{ up, closed sync.Once }
}

type entry struct {
	Entry
	chunks  map[uint32]int64 // running chunk -> milliseconds done, from notes of progress
	endedAt time.Time        // when it became terminal here; zero while under way
	changed chan struct{}    // closed and replaced at each new revision

	told      bool  // by the feed
	chargedMS int64 // what it is counted with in usage
}

// New returns an empty index; now is the clock.
func New(now func() time.Time) *Index {
	return &Index{
		now: now, entries: map[string]*entry{}, live: map[string]int{}, reserved: userIDs{}, unsettled: userIDs{},
		caughtUp: make(chan struct{}), closed: make(chan struct{}),
	}
}

// Put notes a revision of a record; an older one than is known changes nothing.
func (x *Index) Put(record *jobv1.Job, revision uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, known := x.entries[record.GetId()]
	if known && e.Revision >= revision {
		return
	}
	if !known {
		if x.endedLongAgo(record) {
			return
		}
		e = &entry{chunks: map[uint32]int64{}, changed: make(chan struct{})}
		x.entries[record.GetId()] = e
		x.reserved.remove(record.GetUserId(), record.GetId()) // it counts as live from here on
	}
	x.replace(e, record, revision)
	x.dropEnded()
}

// Remove forgets a job whose record went at this revision, unless a later one is
// known.
func (x *Index) Remove(id string, revision uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e, known := x.entries[id]; known && e.Revision < revision {
		x.remove(id)
	}
}

// Get returns what is known of a job, also when it is deleted.
func (x *Index) Get(id string) (Entry, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, known := x.entries[id]
	if !known {
		return Entry{}, false
	}
	return e.Entry, true
}

// replace puts a newer record into an entry and wakes who waits for it.
func (x *Index) replace(e *entry, record *jobv1.Job, revision uint64) {
	wasLive := e.Job != nil && !job.Terminal(e.Job.GetState())
	isLive := !job.Terminal(record.GetState())
	if e.Job.GetAttempt() != record.GetAttempt() {
		e.Progress = 0
		clear(e.chunks)
	}
	e.Job, e.Revision = record, revision
	x.unsettled.add(record.GetUserId(), record.GetId())
	x.count(record.GetUserId(), wasLive, isLive)
	if isLive {
		e.endedAt = time.Time{}
	} else if e.endedAt.IsZero() {
		e.endedAt = x.now()
		x.ended = append(x.ended, record.GetId())
	}
	e.advance()
	close(e.changed)
	e.changed = make(chan struct{})
}

func (x *Index) count(user string, wasLive, isLive bool) {
	switch {
	case isLive && !wasLive:
		x.live[user]++
	case wasLive && !isLive:
		x.live[user]--
	}
	if x.live[user] == 0 {
		delete(x.live, user)
	}
}
