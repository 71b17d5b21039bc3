package gatewaytest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// history is newest first; the cursor is the number of matching jobs already shown.
func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if from := query.Get("from"); from != "" && !strings.HasPrefix(from, "20") {
		problem(w, http.StatusBadRequest, "invalid_parameter", "The parameter from is a date such as 2026-03-01, or a time such as 2026-03-01T12:00:00Z.")
		return
	}
	limit, _ := strconv.Atoi(query.Get("limit"))
	skip, _ := strconv.Atoi(query.Get("cursor"))
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []map[string]any{}
	for _, j := range slices.Backward(s.jobs) {
		if item, ok := j.matching(query); ok {
			items = append(items, item)
		}
	}
	if query.Get("sort") == "created_at" {
		slices.Reverse(items)
	}
	page := map[string]any{"page": 1, "limit": limit, "total": len(items), "next_cursor": nil}
	shown := min(len(items), skip+limit)
	if shown < len(items) {
		page["next_cursor"] = strconv.Itoa(shown)
	}
	page["items"] = items[min(skip, shown):shown]
	reply(w, http.StatusOK, page)
}

// matching returns the job as the history shows it, if it is what the query asks for.
func (j *job) matching(query url.Values) (map[string]any, bool) {
	item := j.json()
	statuses := query["status"]
	switch {
	case len(statuses) > 0 && !slices.Contains(statuses, j.phase().status),
		query.Get("language") != "" && query.Get("language") != j.language,
		query.Get("model") != "" && query.Get("model") != j.model,
		!strings.HasPrefix(j.file.name, query.Get("file_name")):
		return nil, false
	}
	words := query.Get("q")
	if words != "" {
		item["match"] = "… The words of " + j.file.name + "."
	}
	return item, strings.Contains("the words of "+j.file.name, words)
}
