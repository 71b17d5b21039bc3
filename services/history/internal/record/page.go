package record

import jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"

// Query asks for one page of a user's jobs, newest first.
type Query struct {
	UserID string
	Limit  int       // rows, at least 1
	Offset int       // rows to pass over; only without After
	After  *Position // only what is older than this; nil for the newest
	Status []string  // only these; empty for all that are not deleted
	// Without are jobs that the asker knows better: they are neither on the page
	// nor in its total, and Offset does not count them.
	Without []Known
}

// Known is a job at the revision that somebody knows of.
type Known struct {
	JobID    string
	Revision uint64
}

// Position is the place of a job in the order of pages.
type Position struct {
	CreatedAt int64 // microseconds since 1970 UTC
	JobID     string
}

// PositionOf is where a job stands.
func PositionOf(job *jobv1.Job) Position {
	return Position{CreatedAt: micros(job.GetCreatedAt()), JobID: job.GetId()}
}

// Page is one page.
type Page struct {
	Jobs  []*jobv1.Job
	Total int64 // all jobs of the user that are not deleted, but for those of Without
	More  bool  // there are older ones
	// Recorded are the ids of Without whose row is at that revision or later.
	Recorded []string
}
