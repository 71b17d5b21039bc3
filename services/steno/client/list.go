package client

import (
	"context"
	"net/url"
	"strconv"
)

// Page is a part of the user's history, newest first.
type Page struct {
	Items      []Status `json:"items"`
	Total      int64    `json:"total"`       // of all jobs, not of the page
	NextCursor string   `json:"next_cursor"` // of the page behind it; empty on the last
}

// History returns a page of at most limit jobs. The empty cursor is the first
// page.
func (c *Client) History(ctx context.Context, limit int, cursor string) (Page, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	var page Page
	err := c.get(ctx, "/api/v1/user/history", query, &page)
	return page, err
}

// Model is a model the server knows.
type Model struct {
	Name      string   `json:"name"`
	Aliases   []string `json:"aliases"`
	Bytes     int64    `json:"bytes"` // size of its file
	Installed bool     `json:"installed"`
	Loaded    bool     `json:"loaded"` // in memory now
}

// Models lists the models the server knows, whether installed or not.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	var answer struct {
		Models []Model `json:"models"`
	}
	err := c.get(ctx, "/api/v1/models", nil, &answer)
	return answer.Models, err
}
