// Package sse writes server-sent events (WHATWG HTML, section 9.2). Each stream is
// written by one goroutine; a client that takes nothing for a minute is cut off by the
// deadline that package web gives each write.
package sse

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// reconnect is how long a client waits before it goes on with a stream that broke off.
const reconnect = 2 * time.Second

// Stream is the answer to one request. The first error of a method means that the
// client is gone.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// Open begins a stream. To a request that wants no body (HEAD) nothing may be written.
func Open(w http.ResponseWriter) *Stream {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store, no-transform")
	header.Set("X-Accel-Buffering", "no") // proxies that keep answers back until they are whole
	w.WriteHeader(http.StatusOK)
	return &Stream{w: w, control: http.NewResponseController(w)}
}

// Retry tells the client how long to wait before it comes back.
func (s *Stream) Retry() error {
	_, err := s.w.Write([]byte("retry: " + strconv.FormatInt(reconnect.Milliseconds(), 10) + "\n\n"))
	return err
}

// Event writes an event. name and id have no line breaks, and data is one line, such
// as JSON.
func (s *Stream) Event(name, id string, data []byte) error {
	_, err := fmt.Fprintf(s.w, "event: %s\nid: %s\ndata: %s\n\n", name, id, data)
	return err
}

// Comment writes something that no client sees, so that nobody between takes the
// connection for dead.
func (s *Stream) Comment() error {
	_, err := s.w.Write([]byte(":\n\n"))
	return err
}

// Flush sends what was written.
func (s *Stream) Flush() error { return s.control.Flush() }

// Limit bounds how many streams are open.
type Limit struct {
	Most int64
	open atomic.Int64
}

// Enter counts one more; false: there are as many already. Whoever entered leaves.
func (l *Limit) Enter() bool {
	if l.open.Add(1) <= l.Most {
		return true
	}
	l.open.Add(-1)
	return false
}

// Leave counts one less.
func (l *Limit) Leave() { l.open.Add(-1) }
