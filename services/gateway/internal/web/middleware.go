package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/rpc"
)

// Observe is told about each request: the route's pattern (never the path), how
// long the answer took, and whether it failed on our side.
type Observe func(route string, took time.Duration, failed bool)

// Wrap puts around a handler what every request gets: an id, a recovery, an
// observation, a line in the access log.
func Wrap(log *slog.Logger, observe Observe, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		r = withRequestID(w, r)
		protect(w.Header())
		answer := newRecorder(w)
		if r.ContentLength != 0 {
			limitBody(w, began.Add(bodyTime)) // uploads prolong it, see ProgressReader
		}

		serve(log, answer, r, next)

		took := time.Since(began)
		observe(routeName(r), took, answer.status >= http.StatusInternalServerError)
		log.DebugContext(r.Context(), "request", "request_id", RequestID(r.Context()), "method", r.Method,
			"route", routeName(r), "status", answer.status, "bytes", answer.bytes, "took", took)
	})
}

// serve calls the handler; a panic of it becomes an answer of status 500 and ends
// no other request.
func serve(log *slog.Logger, w *recorder, r *http.Request, next http.Handler) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		log.Error("request panicked", "request_id", RequestID(r.Context()), "route", r.Pattern,
			"err", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if !w.begun {
			refuse(w, r, http.StatusInternalServerError,
				fault.New(fault.Internal, "internal", "Something went wrong on our side."))
		}
	}()
	next.ServeHTTP(w, r)
}

// routeName is the pattern that took the request. Long polls are told apart, since
// they are slow on purpose.
func routeName(r *http.Request) string {
	switch {
	case r.Pattern == "" || r.Pattern == unmatched:
		return "unmatched"
	case r.URL.Query().Has("wait"):
		return r.Pattern + "?wait"
	default:
		return r.Pattern
	}
}

type requestIDKey struct{}

// RequestID returns the id of the request that ctx belongs to.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// withRequestID takes the id the client (or a proxy) gave, if it is harmless in a
// log, or makes one, and tells it in the answer.
func withRequestID(w http.ResponseWriter, r *http.Request) *http.Request {
	id := r.Header.Get("X-Request-Id")
	if !requestIDForm.MatchString(id) {
		id = rand.Text()
	}
	w.Header().Set("X-Request-Id", id)
	ctx := context.WithValue(r.Context(), requestIDKey{}, id)
	return r.WithContext(rpc.WithRequestID(ctx, id)) // the services asked log it too
}
