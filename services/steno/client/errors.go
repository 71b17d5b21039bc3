package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Problem is returned when the server answers that it will not or cannot do what
// was asked: the problem document (RFC 9457) of the answer.
type Problem struct {
	Status     int           // HTTP status, 400 to 599
	Code       string        // stable, for example "file_not_found"; may be empty
	Title      string        // what kind of problem it is
	Detail     string        // a sentence about this very request; may be empty
	RetryAfter time.Duration // how long to wait before asking again; 0 is not said
}

// Error is the sentence for people, with the code behind it.
func (p *Problem) Error() string {
	sentence := p.Detail
	if sentence == "" {
		sentence = p.Title
	}
	if p.Code == "" {
		return fmt.Sprintf("%s (HTTP %d)", sentence, p.Status)
	}
	return fmt.Sprintf("%s (%s)", sentence, p.Code)
}

// ConnectionError is returned when no answer came: there is no server at the
// address, or the connection to it broke.
type ConnectionError struct {
	URL     string // of the server
	NoRoute bool   // true when not even a connection came about
	Err     error
}

// Error tells the cause too.
func (e *ConnectionError) Error() string {
	if e.NoRoute {
		return fmt.Sprintf("no server answers at %s: %v", e.URL, e.Err)
	}
	return fmt.Sprintf("connection to %s lost: %v", e.URL, e.Err)
}

// Unwrap returns the cause.
func (e *ConnectionError) Unwrap() error { return e.Err }

// problemLimit bounds what is read of an error's body. Problem documents are
// well under it; pages of a proxy in between need not be read whole.
const problemLimit = 64 << 10

// problemOf reads the problem document of a response. A body that is none, as
// from a proxy in between, leaves the HTTP status to speak.
func problemOf(resp *http.Response) *Problem {
	var doc struct {
		Code   string `json:"code"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	if body, err := io.ReadAll(io.LimitReader(resp.Body, problemLimit)); err == nil {
		_ = json.Unmarshal(body, &doc) // no document: fields stay empty
	}
	if doc.Title == "" {
		doc.Title = http.StatusText(resp.StatusCode)
	}
	return &Problem{
		Status: resp.StatusCode, Code: doc.Code, Title: doc.Title, Detail: doc.Detail,
		RetryAfter: retryAfter(resp.Header.Get("Retry-After")),
	}
}

// retryAfter reads a delay in seconds or a date.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

func (c *Client) connectionError(err error) *ConnectionError {
	var asURL *url.Error
	if errors.As(err, &asURL) {
		err = asURL.Err // the address is told once, without the query
	}
	var asOp *net.OpError
	return &ConnectionError{
		URL: c.base.Redacted(), NoRoute: errors.As(err, &asOp) && asOp.Op == "dial", Err: err,
	}
}
