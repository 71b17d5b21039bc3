package client

import (
	"context"
	"net/url"
	"strconv"
)

// Query says which jobs of the history are looked for. What is empty counts for
// nothing; jobs match all of the rest.
type Query struct {
	Limit    int    // jobs on a page, 1 to 1000; 0: the server's choice
	Cursor   string // of the page before, with the same query
	Words    string // in the transcript, as a person searches; quotes hold words together
	Statuses []string
	Language string
	Model    string
	FileName string // how the name begins
	From, To string // of the creation: a date such as 2026-03-01, or a time in RFC 3339
	Oldest   bool   // the oldest first
}

// Found is a page of what was looked for.
type Found struct {
	Items      []FoundJob `json:"items"`
	Total      int64      `json:"total"`
	NextCursor string     `json:"next_cursor,omitempty"` // of the page behind it; empty on the last
}

// FoundJob is a job of the history.
type FoundJob struct {
	Status
	Match string `json:"match,omitempty"` // the words around what was looked for
}

// Find returns a page of the jobs in the history that match.
func (c *Client) Find(ctx context.Context, query Query) (Found, error) {
	var found Found
	err := c.get(ctx, "/api/v1/user/history", query.values(), &found)
	return found, err
}

func (q Query) values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		"cursor": q.Cursor, "q": q.Words, "language": q.Language, "model": q.Model, "file_name": q.FileName, "from": q.From, "to": q.To,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for _, status := range q.Statuses {
		values.Add("status", status)
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Oldest {
		values.Set("sort", "created_at")
	}
	return values
}
