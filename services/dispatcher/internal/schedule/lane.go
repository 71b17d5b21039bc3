// Package schedule decides which task goes next. It is pure: it knows no clock
// and no bus; package scheduler stands between it and them.
//
// A Lane is the waiting line of one kind of worker (preprocess, or one model).
// Within it there are three priorities, in each of them users who get equal
// shares of audio seconds, and of each user the oldest job first.
package schedule

import (
	"time"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Work is what a job needs of a lane: tasks numbered from 0.
type Work struct {
	JobID    string
	UserID   string
	Attempt  uint32
	Priority jobv1.Priority
	Created  time.Time
	Tasks    uint32
	Cost     float64                // of one task, in seconds of audio
	Done     func(task uint32) bool // tasks that have a result
	// Lead is the task that must have a result before any other is offered;
	// negative when all may run at once.
	Lead int64
}

// Pick is a task chosen to run.
type Pick struct {
	JobID   string
	Attempt uint32
	Task    uint32
}

// Lane is a waiting line. It is not safe for concurrent use.
type Lane struct {
	perUser int // most offered and unfinished tasks of a user, 0 for no limit
	hold    Hold
	classes [classCount]class
	jobs    map[string]*entry
}

// Hold reports whether a user's tasks of a priority are held back for now. Tasks
// that were offered once are not: whoever holds the others back counts on them.
type Hold func(userID string, priority jobv1.Priority) bool

// NewLane returns an empty line. perUser bounds the tasks of one user that are
// offered and not finished; 0 is no bound. hold may be nil.
func NewLane(perUser int, hold Hold) *Lane {
	l := &Lane{perUser: perUser, hold: hold, jobs: map[string]*entry{}}
	for c := range l.classes {
		l.classes[c] = class{share: shares[c], users: map[string]*user{}, ahead: map[string]float64{}}
	}
	return l
}

// Put adds a job, or brings it up to date; which tasks were offered is kept
// within one attempt.
func (l *Lane) Put(work Work) {
	if old := l.jobs[work.JobID]; old != nil && old.fits(work) {
		old.update(work)
		return
	}
	l.Remove(work.JobID)
	e := newEntry(work)
	l.jobs[work.JobID] = e
	l.classes[e.class].add(e)
}

// Remove takes a job out, whatever of it was offered.
func (l *Lane) Remove(jobID string) {
	if e := l.jobs[jobID]; e != nil {
		delete(l.jobs, jobID)
		l.classes[e.class].remove(e)
	}
}

// Next chooses the next task and marks it as offered. It returns false when
// nothing can be offered now.
func (l *Lane) Next() (Pick, bool) {
	best := l.candidates()
	c := l.chooseClass(best)
	if c < 0 {
		return Pick{}, false
	}
	chosen := best[c]
	cost := chosen.entry.offer(chosen.task)
	l.classes[c].charge(chosen.user, cost)
	l.age(c, cost, best)
	return Pick{JobID: chosen.entry.JobID, Attempt: chosen.entry.Attempt, Task: chosen.task}, true
}

// Waiting reports whether Next would choose a task.
func (l *Lane) Waiting() bool { return l.chooseClass(l.candidates()) >= 0 }

// candidates returns the next task of each class.
func (l *Lane) candidates() (best [classCount]candidate) {
	for c := range l.classes {
		best[c] = l.classes[c].best(func(userID string) bool {
			return l.full(userID) || l.hold != nil && l.hold(userID, priorities[c])
		})
	}
	return best
}

// full reports whether a user has as many tasks open as one may have.
func (l *Lane) full(userID string) bool {
	if l.perUser == 0 {
		return false
	}
	open := 0
	for c := range l.classes {
		if u := l.classes[c].users[userID]; u != nil {
			open += u.open()
		}
	}
	return open >= l.perUser
}

// Return takes back an offer that reached nobody.
func (l *Lane) Return(pick Pick) {
	if e := l.jobs[pick.JobID]; e != nil && e.Attempt == pick.Attempt {
		e.withdraw(pick.Task)
	}
}

// Recheck offers every unfinished task once more, without charging for it
// again: nobody knows whether the first offer still stands. Until then the
// tasks count as open.
func (l *Lane) Recheck() {
	for _, e := range l.jobs {
		e.withdrawAll()
	}
}

// Len returns the number of jobs in the line.
func (l *Lane) Len() int { return len(l.jobs) }
