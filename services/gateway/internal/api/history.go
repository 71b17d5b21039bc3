package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
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
	Items      []statusView `json:"items"`
	Page       uint32       `json:"page,omitempty"` // left out where a cursor was used
	Limit      uint32       `json:"limit"`
	Total      int64        `json:"total"`
	NextCursor *string      `json:"next_cursor"`
}

// history answers with a page of the user's jobs, newest first, by ?page= and
// ?limit=, or by ?cursor= from the page before; with ?status=, which may repeat,
// only of jobs that are in it.
func (a *API) history(w http.ResponseWriter, r *http.Request) error {
	query, err := historyQuery(r)
	if err != nil {
		return err
	}
	found, err := a.Jobs.List(r.Context(), auth.User(r.Context()).GetId(), query)
	if err != nil {
		return err
	}
	view := historyView{Items: []statusView{}, Limit: query.Limit, Total: found.Total}
	if query.Cursor == "" {
		view.Page = query.Page
	}
	if found.NextCursor != "" {
		view.NextCursor = &found.NextCursor
	}
	for _, e := range found.Entries {
		view.Items = append(view.Items, statusOf(e))
	}
	return web.WriteJSON(w, http.StatusOK, view)
}

func historyQuery(r *http.Request) (query jobs.Query, err error) {
	if err := onlyKnown(r); err != nil {
		return query, err
	}
	if query.Page, err = positive(r, "page", 1); err != nil {
		return query, err
	}
	if query.Limit, err = positive(r, "limit", usualLimit); err != nil {
		return query, err
	}
	if query.States, err = askedStates(r); err != nil {
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

// onlyKnown refuses filters that there are not: an answer that ignores one looks
// like a wrong answer.
func onlyKnown(r *http.Request) error {
	for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
		switch name {
		case "page", "limit", "cursor", "status":
		default:
			return problem.With(fault.New(fault.Invalid, "not_available",
				"The history is asked by page, limit, cursor and status; other filters are not available yet."), "field", name)
		}
	}
	return nil
}

// askedStates are the states that the API calls by the names in ?status=; none for
// all.
func askedStates(r *http.Request) ([]jobv1.State, error) {
	var states []jobv1.State
	for _, name := range r.URL.Query()["status"] {
		if name == "" {
			continue // as if it were not there, like the others
		}
		before := len(states)
		for state := range stageNames {
			if statusName(state) == name {
				states = append(states, state)
			}
		}
		if len(states) == before {
			return nil, invalidQuery("status",
				"The status is queued, preprocessing, transcribing, completed, failed or cancelled.")
		}
	}
	slices.Sort(states)
	return slices.Compact(states), nil
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
