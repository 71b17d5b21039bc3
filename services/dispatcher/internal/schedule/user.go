package schedule

import (
	"cmp"
	"slices"
)

// user is one user's jobs in one class of a lane.
type user struct {
	id   string
	jobs []*entry // oldest first
	// spent is the audio the user was given, in seconds, counted from where
	// the others stood when the user came: nobody saves up shares, and nobody
	// sheds what was spent by leaving.
	spent float64
}

func (u *user) add(e *entry) {
	at, _ := slices.BinarySearchFunc(u.jobs, e, older)
	u.jobs = slices.Insert(u.jobs, at, e)
}

func (u *user) remove(e *entry) {
	if at, found := slices.BinarySearchFunc(u.jobs, e, older); found {
		u.jobs = slices.Delete(u.jobs, at, at+1)
	}
}

// older orders jobs by the time they were accepted.
func older(a, b *entry) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.JobID, b.JobID))
}

// next returns the user's next task, one that was offered before unless fresh
// ones may be. Jobs whose tasks are all offered are few: not more than the
// workers can hold.
func (u *user) next(fresh bool) (e *entry, task uint32, ok bool) {
	for _, e := range u.jobs {
		if task, ok := e.next(fresh); ok {
			return e, task, true
		}
	}
	return nil, 0, false
}

func (u *user) open() int {
	total := 0
	for _, e := range u.jobs {
		total += e.open
	}
	return total
}
