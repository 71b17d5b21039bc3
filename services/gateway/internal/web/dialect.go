package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Refusal answers a request that cannot be served with a status and what is told of
// err; requestID finds the request in the log. problem.WriteStatus is one.
type Refusal func(w http.ResponseWriter, requestID string, status int, err error)

type refusalKey struct{}

// Dialect has errors of the paths below prefix written by write, whoever finds them:
// the handler, the router, or the recovery of a panic. It goes around Wrap.
func Dialect(prefix string, write Refusal, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) {
			r = r.WithContext(context.WithValue(r.Context(), refusalKey{}, write))
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers in the dialect of the path: with a problem document unless another
// is set.
func refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	write, other := r.Context().Value(refusalKey{}).(Refusal)
	if !other {
		write = problem.WriteStatus
	}
	write(w, RequestID(r.Context()), status, err)
}
