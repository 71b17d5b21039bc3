package record

import (
	"unicode/utf8"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

// Query asks for one page of a user's jobs, newest first.
type Query struct {
	UserID string
	Limit  int       // rows, at least 1
	Offset int       // rows to pass over; only without After
	After  *Position // only what is behind this in the order of pages; nil for the first page
	// Without are jobs that the asker knows better: they are not in the total and,
	// unless there are Terms, neither on the page nor counted by Offset.
	Without     []Known
	OldestFirst bool

	// What the jobs have to be like; empty and nil: it does not matter.
	Status   []string
	Language string
	Model    string
	FileName string       // how the name begins
	Terms    []words.Term // all of them are in the transcript
	From     *int64       // created then or later, microseconds since 1970 UTC
	Before   *int64       // created before
}

// Filtered reports whether the page leaves jobs out.
func (q Query) Filtered() bool {
	return len(q.Status)+len(q.Terms) > 0 || q.Language+q.Model+q.FileName != "" || q.From != nil || q.Before != nil
}

// Behind returns the first text that does not begin with prefix, of those that come
// after it byte by byte; false: there is none.
func Behind(prefix string) (string, bool) {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch last {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // no text holds the surrogates behind it
			return prefix + "\uE000", true
		default:
			return prefix + string(last+1), true
		}
	}
	return "", false
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
