// Package problem answers requests that cannot be served: it turns a fault into
// the problem document (RFC 9457) that the HTTP API promises. Only a fault's code
// and message leave the process; its cause stays in the log.
package problem

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// ContentType of problem documents.
const ContentType = "application/problem+json"

var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Denied:          http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Unprocessable:   http.StatusUnprocessableEntity,
	fault.Exhausted:       http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Cancelled:       http.StatusServiceUnavailable,
}

// retryAfter is what a client is told to wait when the error says nothing.
const retryAfter = 5 * time.Second

// detailed is an error with more for the document.
type detailed struct {
	error
	members    map[string]any
	retryAfter time.Duration
	status     int // 0: that of the kind
}

func (d *detailed) Unwrap() error { return d.error }

// With adds a member to the document that err becomes, for example the field of a
// request that is wrong.
func With(err error, name string, value any) error {
	return &detailed{error: err, members: map[string]any{name: value}}
}

// After sets the Retry-After that err is answered with; it is rounded up to whole
// seconds.
func After(err error, wait time.Duration) error {
	return &detailed{error: err, retryAfter: wait}
}

// At sets the status that err is answered with, where that of its kind says too
// little.
func At(err error, status int) error {
	return &detailed{error: err, status: status}
}

// Status returns the HTTP status an error is answered with.
func Status(err error) int {
	for rest := err; ; {
		var d *detailed
		if !errors.As(rest, &d) {
			return statuses[fault.Of(err).Kind]
		}
		if d.status != 0 {
			return d.status
		}
		rest = d.error
	}
}

// StatusChecksum is the status of the protocol tus for bytes that do not have the
// sum which came with them.
const StatusChecksum = 460

func titleOf(status int) string {
	if status == StatusChecksum {
		return "Checksum Mismatch"
	}
	return http.StatusText(status)
}

// Write answers with the document of err. requestID lets an operator find the
// request in the log.
func Write(w http.ResponseWriter, requestID string, err error) {
	WriteStatus(w, requestID, Status(err), err)
}

// WriteStatus is Write with a status that no kind of fault has, such as 405.
func WriteStatus(w http.ResponseWriter, requestID string, status int, err error) {
	found := fault.Of(err)
	members, wait := details(err)
	maps.Copy(members, map[string]any{
		"type":       "about:blank",
		"title":      titleOf(status),
		"status":     status,
		"detail":     found.Message,
		"code":       found.Code,
		"request_id": requestID,
	})
	body, encodeErr := json.Marshal(members)
	if encodeErr != nil { // a member of ours cannot be written: leave them out
		body = []byte(`{"type":"about:blank"}`)
	}
	setHeaders(w.Header(), status, wait)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client is gone: nobody to tell
}

// Field returns the field of the request that err says is wrong; empty if it says
// none.
func Field(err error) string {
	members, _ := details(err)
	field, _ := members["field"].(string)
	return field
}

// SetHeaders sets what an answer of this status to err has besides its body, and
// removes what was set for another.
func SetHeaders(h http.Header, status int, err error) {
	_, wait := details(err)
	setHeaders(h, status, wait)
}

func setHeaders(h http.Header, status int, wait time.Duration) {
	for _, of := range []string{"Content-Length", "Content-Disposition", "Etag", "Last-Modified"} {
		h.Del(of) // set for the answer that did not come about
	}
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="stenomesh"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds := int64((wait + time.Second - 1) / time.Second)
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
}

// details gathers what With and After added along the chain; the outermost wins.
func details(err error) (map[string]any, time.Duration) {
	members, wait := map[string]any{}, time.Duration(0)
	for {
		var d *detailed
		if !errors.As(err, &d) {
			break
		}
		for name, value := range d.members {
			if _, set := members[name]; !set {
				members[name] = value
			}
		}
		if wait == 0 {
			wait = d.retryAfter
		}
		err = d.error
	}
	if wait == 0 {
		wait = retryAfter
	}
	return members, wait
}
