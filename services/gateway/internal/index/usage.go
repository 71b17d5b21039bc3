package index

import (
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// usage is how much audio users have had worked on today, by the job feed: that of
// the jobs that were made today, whatever has become of them.
type usage struct {
	day   int64            // days since 1970 UTC
	audio map[string]int64 // milliseconds by user
	told  uint64           // revision up to which the feed is counted
}

// Day is the day of UTC that a quota counts for, in days since 1970.
func Day(at time.Time) int64 { return at.Unix() / (24 * 60 * 60) }

// AudioToday returns the audio of the jobs that a user made today, in milliseconds, as
// far as the feed has told since the start of this process.
func (x *Index) AudioToday(userID string) int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.usage.day != Day(x.now()) {
		return 0
	}
	return x.usage.audio[userID]
}

// Live returns how many jobs a user has under way.
func (x *Index) Live(userID string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.live[userID] + len(x.reserved[userID])
}

// charge counts a record when the feed tells it for the first time; it comes after
// Put. After a break the feed begins anew, and what it told before is passed over.
func (x *Index) charge(event job.Event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if event.Revision <= x.usage.told {
		return
	}
	x.usage.told = event.Revision
	if today := Day(x.now()); x.usage.day != today {
		x.usage.day, x.usage.audio = today, map[string]int64{}
	}
	e, kept := x.entries[event.ID]
	if !kept { // it ended long ago
		e = &entry{}
	}
	more := e.charge(event.Job)
	if more != 0 && Day(event.Job.GetCreatedAt().AsTime()) == x.usage.day {
		x.usage.audio[event.Job.GetUserId()] += more
	}
}

// charge notes what a job is counted with, and returns what that is more: the length
// of its recording once that is known, however often it is tried; nothing when another
// job had done the work. What was not known at a later attempt was forgotten, and
// counted with the first one.
func (e *entry) charge(record *jobv1.Job) (more int64) {
	before, length := e.chargedMS, record.GetMedia().GetDurationMs()
	switch {
	case record.GetCached():
		e.chargedMS = 0
	case !e.told && record.GetAttempt() > 1:
		e.chargedMS, before = length, length
	default:
		e.chargedMS = max(before, length)
	}
	e.told = true
	return e.chargedMS - before
}
