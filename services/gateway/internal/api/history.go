package api

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
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
// ?limit=, or by ?cursor= from the page before.
func (a *API) history(w http.ResponseWriter, r *http.Request) error {
	page, limit, cursor, err := pageOf(r)
	if err != nil {
		return err
	}
	found, err := a.Jobs.List(r.Context(), auth.User(r.Context()).GetId(), page, limit, cursor)
	if err != nil {
		return err
	}
	view := historyView{Items: []statusView{}, Limit: limit, Total: found.Total}
	if cursor == "" {
		view.Page = page
	}
	if found.NextCursor != "" {
		view.NextCursor = &found.NextCursor
	}
	for _, e := range found.Entries {
		view.Items = append(view.Items, statusOf(e))
	}
	return web.WriteJSON(w, http.StatusOK, view)
}

func pageOf(r *http.Request) (page, limit uint32, cursor string, err error) {
	if page, err = positive(r, "page", 1); err != nil {
		return 0, 0, "", err
	}
	if limit, err = positive(r, "limit", usualLimit); err != nil {
		return 0, 0, "", err
	}
	cursor = r.URL.Query().Get("cursor")
	switch {
	case limit > largestLimit:
		return 0, 0, "", invalidQuery("limit", fmt.Sprintf("The parameter limit is at most %d.", largestLimit))
	case cursor == "" && uint64(page)*uint64(limit) > deepest:
		return 0, 0, "", fault.New(fault.Invalid, "use_cursor",
			fmt.Sprintf("Pages reach %d tasks back; go on with the cursor of the page before.", deepest))
	}
	return page, limit, cursor, nil
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
