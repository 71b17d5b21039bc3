package jobs

import (
	"context"
	"slices"

	"github.com/stenomesh/stenomesh/pkg/job"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// Page is a page of a user's jobs, newest first.
type Page struct {
	Entries    []index.Entry
	Total      int64
	NextCursor string
}

// List returns a page: by number from 1, or by the cursor of the page before. The
// history may be a moment behind: jobs that the index knows better are shown as it
// knows them, and on the first page those the history has not seen yet come first.
// Errors are those of HistoryService.ListJobs.
func (j *Jobs) List(ctx context.Context, userID string, page, limit uint32, cursor string) (Page, error) {
	request := &historyv1.ListJobsRequest{UserId: userID, Limit: limit, Page: page, Cursor: cursor}
	reply, err := j.History.ListJobs(ctx, request)
	if err != nil {
		return Page{}, err
	}
	if cursor != "" || page > 1 {
		return j.merge(reply, nil), nil
	}
	missing := missingFrom(reply, j.Index.OfUser(userID))
	room := max(0, int(limit)-len(missing))
	if len(missing) == 0 || len(reply.GetJobs()) <= room {
		return j.merge(reply, missing), nil
	}
	// The rows that fall off this page must come on the next: ask for fewer.
	if room == 0 {
		total := reply.GetTotal() + int64(len(missing)-int(limit)) // merge adds those it shows
		return j.merge(&historyv1.ListJobsResponse{Total: total, NextCursor: reply.GetNextCursor()}, missing[:limit]), nil
	}
	request.Limit = uint32(room)
	if reply, err = j.History.ListJobs(ctx, request); err != nil {
		return Page{}, err
	}
	return j.merge(reply, missing), nil
}

// missingFrom returns the jobs that belong on this first page but are not there.
func missingFrom(reply *historyv1.ListJobsResponse, known []index.Entry) []index.Entry {
	rows := reply.GetJobs()
	listed := map[string]bool{}
	for _, row := range rows {
		listed[row.GetId()] = true
	}
	var missing []index.Entry
	for _, e := range known {
		beyond := reply.GetNextCursor() != "" && len(rows) > 0 && index.Newer(e.Job, rows[len(rows)-1]) > 0
		if !listed[e.Job.GetId()] && !beyond && e.Job.GetState() != jobv1.State_STATE_DELETED {
			missing = append(missing, e)
		}
	}
	return missing
}

// merge puts missing jobs among the rows, and the index's view in place of theirs.
func (j *Jobs) merge(reply *historyv1.ListJobsResponse, missing []index.Entry) Page {
	page := Page{Total: reply.GetTotal() + int64(len(missing)), NextCursor: reply.GetNextCursor()}
	page.Entries = append(page.Entries, missing...)
	for _, row := range reply.GetJobs() {
		e, known := j.Index.Get(row.GetId())
		switch {
		case !known:
			page.Entries = append(page.Entries, rowEntry(row))
		case e.Job.GetState() == jobv1.State_STATE_DELETED:
			page.Total--
		default:
			page.Entries = append(page.Entries, e)
		}
	}
	slices.SortStableFunc(page.Entries, func(a, b index.Entry) int { return index.Newer(a.Job, b.Job) })
	return page
}

// rowEntry is a row of the history; one that is not terminal there has just begun
// or ended, and its progress is not known.
func rowEntry(row *jobv1.Job) index.Entry {
	if job.Terminal(row.GetState()) {
		return ended(row, 0)
	}
	return index.Entry{Job: row}
}
