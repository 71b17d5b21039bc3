package jobs

import (
	"slices"

	"github.com/stenomesh/stenomesh/pkg/job"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// window is the stretch of a user's list that a page is cut from: jobs of our own
// and rows of the history, of which none is a job of ours.
type window struct {
	userID    string
	filter    Filter
	ours      []index.Entry              // in no order; none where words are looked for
	request   *historyv1.ListJobsRequest // for the rows, but for their number
	revisions map[string]uint64          // of the jobs that the rows are without
	counted   int64                      // those of them that are not deleted
	skip      int                        // jobs of the window before the page
	limit     int                        // jobs on the page
}

// windowOf lays the window of a page; known are the unsettled jobs of the user.
// Invalid: the cursor is none.
func windowOf(userID string, query Query, known []index.Entry) (*window, error) {
	w := &window{
		userID: userID, filter: query.Filter, limit: int(query.Limit), revisions: map[string]uint64{},
		request: query.request(userID),
	}
	var after *position
	if query.Cursor != "" {
		at, err := decodeCursor(userID, query.mark(), query.Cursor)
		if err != nil {
			return nil, err
		}
		after, w.request.After = &at, at.message()
	}
	for _, e := range known {
		w.take(e, after)
	}
	if after == nil {
		// However our own stand among the rows, those before this offset come
		// before the page.
		before := int(query.Page-1) * w.limit
		offset := max(0, before-len(w.ours))
		w.request.Offset, w.skip = uint32(offset), before-offset
	}
	return w, nil
}

// take keeps an unsettled job out of the rows, and takes it if it belongs in the
// list.
func (w *window) take(e index.Entry, after *position) {
	id := e.Job.GetId()
	w.revisions[id] = e.Revision
	w.request.Without = append(w.request.Without, &historyv1.KnownJob{JobId: id, Revision: e.Revision})
	if e.Job.GetState() == jobv1.State_STATE_DELETED {
		return
	}
	w.counted++
	asked := w.filter.Words == "" && w.filter.matches(e.Job)
	if asked && (after == nil || w.filter.compare(positionOf(e.Job), *after) > 0) {
		w.ours = append(w.ours, e)
	}
}

// cut makes the page. There are skip+limit rows or all there are: so many jobs of
// the window are in their place.
func (w *window) cut(reply *historyv1.ListJobsResponse) Page {
	all := slices.Clone(w.ours)
	for _, row := range reply.GetJobs() {
		all = append(all, rowEntry(row))
	}
	slices.SortFunc(all, func(a, b index.Entry) int { return w.filter.compare(positionOf(a.Job), positionOf(b.Job)) })
	end := min(w.skip+w.limit, len(all))
	page := Page{Entries: all[min(w.skip, end):end], Total: reply.GetTotal() + w.counted, Excerpts: reply.GetExcerpts()}
	if len(page.Entries) > 0 && (end < len(all) || reply.GetMore()) {
		page.NextCursor = encodeCursor(w.userID, w.filter.mark(), positionOf(all[end-1].Job))
	}
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
