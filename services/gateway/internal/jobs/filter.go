package jobs

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Filter says which jobs a list has, and in which order; the zero value: all, newest
// first.
type Filter struct {
	States   []jobv1.State // in order, each once; empty for all
	Language string        // of the transcript; what was asked for until it is known
	Model    string        // catalogue name
	FileName string        // how the name begins, letter by letter
	Words    string        // what the transcript has to hold, as HistoryService.ListJobs takes it
	From     *int64        // created then or later, microseconds since 1970 UTC
	Before   *int64        // created before
	// OldestFirst turns the order around.
	OldestFirst bool
}

// matches reports whether a job belongs in the list. Whether its transcript has the
// words only the history can tell; but only completed jobs have a transcript.
func (f Filter) matches(record *jobv1.Job) bool {
	state, created := record.GetState(), positionOf(record).createdUS
	switch {
	case state == jobv1.State_STATE_DELETED,
		len(f.States) > 0 && !slices.Contains(f.States, state),
		f.Language != "" && languageOf(record) != f.Language,
		f.Model != "" && record.GetOptions().GetResolvedModel() != f.Model,
		!strings.HasPrefix(record.GetInput().GetName(), f.FileName),
		f.Words != "" && state != jobv1.State_STATE_COMPLETED,
		f.From != nil && created < *f.From,
		f.Before != nil && created >= *f.Before:
		return false
	}
	return true
}

// languageOf is what the history keeps as the language of a job.
func languageOf(record *jobv1.Job) string {
	if record.GetLanguage() != "" {
		return record.GetLanguage()
	}
	return record.GetOptions().GetLanguage()
}

// request asks the history for jobs that match.
func (f Filter) request(userID string) *historyv1.ListJobsRequest {
	return &historyv1.ListJobsRequest{
		UserId: userID, States: f.States, Language: f.Language, Model: f.Model, FileNamePrefix: f.FileName,
		Query: f.Words, CreatedFromUs: f.From, CreatedBeforeUs: f.Before, OldestFirst: f.OldestFirst,
	}
}

// compare orders positions as the list does.
func (f Filter) compare(a, b position) int {
	if f.OldestFirst {
		a, b = b, a
	}
	return a.compare(b)
}

const markBytes = 8

// mark tells lists apart: their cursors hold it. It is empty for the list of all jobs.
func (f Filter) mark() string {
	bound := func(at *int64) string {
		if at == nil {
			return ""
		}
		return fmt.Sprint(*at)
	}
	all := []string{f.Language, f.Model, f.FileName, f.Words, bound(f.From), bound(f.Before)}
	if len(f.States) == 0 && !f.OldestFirst && strings.Join(all, "") == "" {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %q %v", f.States, all, f.OldestFirst))
	return string(sum[:markBytes])
}
