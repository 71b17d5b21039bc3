package scheduler

import (
	"time"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// backlog is the audio that was prepared, or is being prepared, and waits to be
// transcribed. It fills the disk: so no more of it is made than keeps the
// transcribers busy.
type backlog struct {
	limit float64 // seconds of audio, 0 for no limit
	total float64 // seconds of audio
	jobs  map[string]share
	users map[owner]int // how many of the jobs each has
}

// owner is a user with jobs of one priority.
type owner struct {
	userID   string
	priority jobv1.Priority
}

// share is what one job adds to the backlog.
type share struct {
	owner   owner
	seconds float64
}

func newBacklog(limit time.Duration) backlog {
	return backlog{limit: limit.Seconds(), jobs: map[string]share{}, users: map[owner]int{}}
}

// set says how many seconds of a job wait.
func (b *backlog) set(record *jobv1.Job, seconds float64) {
	b.drop(record.GetId())
	one := share{ownerOf(record), seconds}
	b.jobs[record.GetId()] = one
	b.users[one.owner]++
	b.total += seconds
}

func (b *backlog) drop(id string) {
	one, ok := b.jobs[id]
	if !ok {
		return
	}
	delete(b.jobs, id)
	b.total -= one.seconds
	if b.users[one.owner]--; b.users[one.owner] == 0 {
		delete(b.users, one.owner)
	}
	if len(b.jobs) == 0 {
		b.total = 0 // or what rounding left of it
	}
}

// hold reports whether nothing more should be prepared for a user for now. One
// job of each always may, however much others have there: transcribing is fair
// only between those who have something to transcribe.
func (b *backlog) hold(userID string, priority jobv1.Priority) bool {
	return b.limit > 0 && b.total >= b.limit && b.users[owner{userID, priority}] > 0
}

// ownerOf returns whose job it is; one without a priority is a normal one.
func ownerOf(record *jobv1.Job) owner {
	switch priority := record.GetOptions().GetPriority(); priority {
	case jobv1.Priority_PRIORITY_HIGH, jobv1.Priority_PRIORITY_LOW:
		return owner{record.GetUserId(), priority}
	default:
		return owner{record.GetUserId(), jobv1.Priority_PRIORITY_NORMAL}
	}
}

// untranscribed returns how many seconds of a recording have no result yet.
func untranscribed(record *jobv1.Job) float64 {
	return float64(max(0, record.GetMedia().GetDurationMs()-record.GetDoneMs())) / 1000
}
