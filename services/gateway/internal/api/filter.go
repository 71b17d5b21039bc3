package api

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
)

// longestFilter is how long a name may be that jobs are looked for by, in bytes.
const longestFilter = 1000

// Parameters of the history. An answer that ignores one looks like a wrong answer.
var historyParameters = []string{
	"page", "limit", "cursor", "status", "language", "model", "file_name", "q", "from", "to", "sort",
}

func onlyKnown(r *http.Request) error {
	for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
		if !slices.Contains(historyParameters, name) {
			return invalidQuery(name, "The history is asked by "+strings.Join(historyParameters, ", ")+".")
		}
	}
	return nil
}

var languageForm = regexp.MustCompile(`^([a-z]{2,3}|auto)$`)

// historyFilter reads what jobs have to be like. A parameter that is empty is as if it
// were not there.
func (a *API) historyFilter(r *http.Request) (filter jobs.Filter, err error) {
	if err := readable(r, "language", "model", "file_name", "q"); err != nil {
		return filter, err
	}
	values := r.URL.Query()
	filter.FileName, filter.Words = values.Get("file_name"), values.Get("q")
	filter.Language = strings.ToLower(values.Get("language"))
	if filter.Language != "" && !languageForm.MatchString(filter.Language) {
		return filter, invalidQuery("language", "The language is a code such as en or ru.")
	}
	filter.Model = values.Get("model")
	if model, err := a.Models.Catalog.Find(filter.Model); err == nil { // else one that has left the catalogue
		filter.Model = model.Name
	}
	if filter.States, err = askedStates(r); err != nil {
		return filter, err
	}
	if filter.From, err = instant(r, "from", 0); err != nil {
		return filter, err
	}
	if filter.Before, err = instant(r, "to", 24*time.Hour); err != nil {
		return filter, err
	}
	switch values.Get("sort") {
	case "", "-created_at":
	case "created_at":
		filter.OldestFirst = true
	default:
		return filter, invalidQuery("sort", "The order is -created_at or created_at.")
	}
	return filter, nil
}

// readable refuses what is no text.
func readable(r *http.Request, names ...string) error {
	for _, name := range names {
		value := r.URL.Query().Get(name)
		if len(value) > longestFilter || !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return invalidQuery(name, fmt.Sprintf("The parameter %s is a text of at most %d bytes in UTF-8.", name, longestFilter))
		}
	}
	return nil
}

// instant reads a time, in microseconds since 1970. A date is the midnight it begins
// at in UTC, or so much later.
func instant(r *http.Request, name string, ofDate time.Duration) (*int64, error) {
	raw := r.URL.Query().Get(name)
	if raw == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, raw)
	if err != nil {
		at, err = time.Parse(time.DateOnly, raw)
		at = at.Add(ofDate)
	}
	if err != nil {
		return nil, invalidQuery(name, "The parameter "+name+" is a date such as 2026-03-01, or a time such as 2026-03-01T12:00:00Z.")
	}
	us := at.UnixMicro()
	return &us, nil
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
