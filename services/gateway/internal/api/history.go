package api

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// Limits of a page. Numbered pages are for the newest jobs; beyond, a database
// would count through all rows before.
const (
	usualLimit   = 10
	largestLimit = 1000
	deepest      = 10_000
)

type historyView struct {
	Items      []listedView `json:"items"`
	Page       uint32       `json:"page,omitempty"` // left out where a cursor was used
	Limit      uint32       `json:"limit"`
	Total      int64        `json:"total"`
	NextCursor *string      `json:"next_cursor"`
}

// listedView is a job on a page; match holds the words around what was looked for.
type listedView struct {
	statusView
	Match string `json:"match,omitempty"`
}

// history answers with a page of the user's jobs, newest first unless ?sort= says
// otherwise, by ?page= and ?limit=, or by ?cursor= from the page before; with filters
// (filter.go) only of jobs that match all of them.
func (a *API) history(w http.ResponseWriter, r *http.Request) error {
	query, err := a.historyQuery(r)
	if err != nil {
		return err
	}
	found, err := a.Jobs.List(r.Context(), auth.User(r.Context()).GetId(), query)
	if err != nil {
		return err
	}
	view := historyView{Items: []listedView{}, Limit: query.Limit, Total: found.Total}
	if query.Cursor == "" {
		view.Page = query.Page
	}
	if found.NextCursor != "" {
		view.NextCursor = &found.NextCursor
	}
	for _, e := range found.Entries {
		view.Items = append(view.Items, listedView{statusOf(e), found.Excerpts[e.Job.GetId()]})
	}
	return web.WriteJSON(w, http.StatusOK, view)
}

func (a *API) historyQuery(r *http.Request) (query jobs.Query, err error) {
	if err := onlyKnown(r); err != nil {
		return query, err
	}
	if query.Page, err = positive(r, "page", 1); err != nil {
		return query, err
	}
	if query.Limit, err = positive(r, "limit", usualLimit); err != nil {
		return query, err
	}
	if query.Filter, err = a.historyFilter(r); err != nil {
		return query, err
	}
	query.Cursor = r.URL.Query().Get("cursor")
	switch {
	case query.Limit > largestLimit:
		return query, invalidQuery("limit", fmt.Sprintf("The parameter limit is at most %d.", largestLimit))
	case query.Cursor == "" && uint64(query.Page)*uint64(query.Limit) > deepest:
		return query, fault.New(fault.Invalid, "use_cursor",
			fmt.Sprintf("Pages reach %d tasks back; go on with the cursor of the page before.", deepest))
	}
	return query, nil
}

// positive reads a whole number from 1.
func positive(r *http.Request, name string, usual uint32) (uint32, error) {
	raw := r.URL.Query().Get(name)
	if raw == "" {
		return usual, nil
	}
	n, err := strconv.ParseUint(raw, 10, 32)
	if err != nil || n == 0 {
		return 0, invalidQuery(name, "The parameter "+name+" is a whole number from 1.")
	}
	return uint32(n), nil
}
