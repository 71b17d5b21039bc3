package jobs

import (
	"context"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// Query asks for a page of a user's jobs.
type Query struct {
	Page   uint32 // from 1; used when Cursor is empty
	Limit  uint32 // jobs a page, at least 1
	Cursor string // NextCursor of the page before, of the same list
	Filter
}

// Page is a page of a user's jobs.
type Page struct {
	Entries    []index.Entry
	Excerpts   map[string]string // by job: the words around what was looked for, of some
	Total      int64             // all jobs of the user, whatever was asked for
	NextCursor string            // empty on the last page
}

// List returns a page. The history may be behind: jobs that it is not known to have
// as the index has them come from the index, and the history is asked for the
// others only. So each job is on one page, whatever is recorded meanwhile. Words are
// found in what is recorded only, a moment after a job has completed.
// Invalid, code "invalid_cursor"; other errors are those of HistoryService.ListJobs.
func (j *Jobs) List(ctx context.Context, userID string, query Query) (Page, error) {
	w, err := windowOf(userID, query, j.Index.Unsettled(userID))
	if err != nil {
		return Page{}, err
	}
	reply, err := j.rows(ctx, w.request, w.skip+w.limit)
	if err != nil {
		return Page{}, err
	}
	for _, id := range reply.GetRecorded() {
		j.Index.Settle(id, w.revisions[id])
	}
	return j.show(w.cut(reply), w), nil
}

// mostRows is how many rows the history gives at once.
const mostRows = 1000

// rows asks the history for n rows, or as many as there are. More than one
// question is needed only for a numbered page that is large and has much unsettled
// before it.
func (j *Jobs) rows(ctx context.Context, request *historyv1.ListJobsRequest, n int) (*historyv1.ListJobsResponse, error) {
	request.Limit = uint32(min(n, mostRows))
	reply, err := j.History.ListJobs(ctx, request)
	for err == nil && reply.GetMore() && len(reply.GetJobs()) < n {
		request.Limit = uint32(min(n-len(reply.GetJobs()), mostRows))
		request.After = positionOf(reply.GetJobs()[len(reply.GetJobs())-1]).message()
		var more *historyv1.ListJobsResponse
		if more, err = j.History.ListJobs(ctx, request); err == nil {
			reply.Jobs, reply.More = append(reply.GetJobs(), more.GetJobs()...), more.GetMore()
		}
	}
	return reply, err
}

// show puts the index's view in place of what may have changed since it was read,
// and leaves out what does not belong on the page any more.
func (j *Jobs) show(page Page, w *window) Page {
	entries := page.Entries
	page.Entries = nil
	for _, e := range entries {
		if known, found := j.Index.Get(e.Job.GetId()); found {
			e = known
		}
		_, counted := w.revisions[e.Job.GetId()]
		switch {
		case w.filter.matches(e.Job):
			page.Entries = append(page.Entries, e)
		case e.Job.GetState() == jobv1.State_STATE_DELETED && !counted:
			page.Total--
		}
	}
	return page
}
