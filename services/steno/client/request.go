package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	readLimit = 30 * time.Second // a plain question with a small answer
	bulkLimit = 5 * time.Minute  // a transcript over a slow line
)

// request is one HTTP request to be made.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	data         []byte        // body that can be sent again
	body         io.Reader     // body that cannot; nil for none
	size         int64         // bytes of body
	limit        time.Duration // for the whole exchange; 0 for no limit
}

// get asks a question, again if need be, and decodes the JSON answer into out.
func (c *Client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.getWithin(ctx, readLimit, path, query, out)
}

func (c *Client) getWithin(ctx context.Context, limit time.Duration, path string, query url.Values, out any) error {
	body, err := c.repeat(ctx, request{method: http.MethodGet, path: path, query: query, limit: limit})
	if err != nil {
		return err
	}
	return decode(path, body, out)
}

// patch sends in as JSON, again if need be, and decodes the JSON answer into out: to
// change a thing twice in the same way changes it once.
func (c *Client) patch(ctx context.Context, path string, in, out any) error {
	r, err := jsonRequest(http.MethodPatch, path, in)
	if err != nil {
		return err
	}
	body, err := c.repeat(ctx, r)
	if err != nil {
		return err
	}
	return decode(path, body, out)
}

// remove deletes what is at the path, again if need be.
func (c *Client) remove(ctx context.Context, path string) error {
	_, err := c.repeat(ctx, request{method: http.MethodDelete, path: path, limit: readLimit})
	return err
}

// post sends in as JSON, once, and decodes the JSON answer into out.
func (c *Client) post(ctx context.Context, path string, in, out any) error {
	r, err := jsonRequest(http.MethodPost, path, in)
	if err != nil {
		return err
	}
	body, err := c.fetch(ctx, r)
	if err != nil {
		return err
	}
	return decode(path, body, out)
}

// postOnce is post, again if need be: whatever was lost on the way, the server does
// what it is asked for under this key once.
func (c *Client) postOnce(ctx context.Context, key, path string, in, out any) error {
	r, err := jsonRequest(http.MethodPost, path, in)
	if err != nil {
		return err
	}
	r.header.Set("Idempotency-Key", key)
	body, err := c.repeat(ctx, r)
	if err != nil {
		return err
	}
	return decode(path, body, out)
}

func jsonRequest(method, path string, in any) (request, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return request{}, fmt.Errorf("encode the request to %s: %w", path, err)
	}
	return request{
		method: method, path: path, data: data,
		header: http.Header{"Content-Type": {"application/json"}}, limit: readLimit,
	}, nil
}

func decode(path string, body []byte, out any) error {
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the answer to %s is not what this program understands: %w", path, err)
	}
	return nil
}

// answer is a good response, read whole.
type answer struct {
	header http.Header
	body   []byte
}

// fetch makes the request once and returns the body of a good answer.
func (c *Client) fetch(ctx context.Context, r request) ([]byte, error) {
	a, err := c.send(ctx, r)
	return a.body, err
}

// send makes the request once.
func (c *Client) send(ctx context.Context, r request) (answer, error) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if r.limit > 0 {
		limited, cancel = context.WithTimeout(ctx, r.limit)
	}
	defer cancel()
	a, err := c.exchange(limited, r)
	if ctx.Err() != nil && err != nil {
		return answer{}, ctx.Err() // the caller gave up; what broke on the way is no news
	}
	return a, err
}

func (c *Client) exchange(ctx context.Context, r request) (answer, error) {
	resp, err := c.open(ctx, r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }() // what was wanted of it has been read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, c.connectionError(err)
	}
	return answer{resp.Header, body}, nil
}

// open makes the request and returns a good response, whose body is the caller's to
// read and close.
func (c *Client) open(ctx context.Context, r request) (*http.Response, error) {
	req, err := c.build(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.connectionError(err)
	}
	c.answered.Store(true)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer func() { _ = resp.Body.Close() }() // what was wanted of it has been read
		return nil, problemOf(resp)
	}
	return resp, nil
}

func (c *Client) build(ctx context.Context, r request) (*http.Request, error) {
	address := c.base.JoinPath(r.path)
	address.RawQuery = r.query.Encode()
	if r.data != nil {
		r.body, r.size = bytes.NewReader(r.data), int64(len(r.data))
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address.String(), r.body)
	if err != nil {
		return nil, fmt.Errorf("make the request to %s: %w", r.path, err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.body != nil {
		req.ContentLength = r.size
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// jobPath is the address of a job or of something below it.
func jobPath(id string, below ...string) string {
	path := "/api/v1/transcription/" + url.PathEscape(id)
	for _, part := range below {
		path += "/" + part
	}
	return path
}
