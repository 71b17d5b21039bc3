package web

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// unmatched is the pattern of requests that no route takes.
const unmatched = "/"

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

// Router sends requests to handlers by patterns of http.ServeMux, for example
// "GET /api/v1/files/{id}". What no pattern takes is answered with a problem.
type Router struct {
	mux      *http.ServeMux
	log      *slog.Logger
	patterns []string
}

// NewRouter returns a router without routes.
func NewRouter(log *slog.Logger) *Router {
	router := &Router{mux: http.NewServeMux(), log: log}
	router.mux.HandleFunc(unmatched, router.unmatched)
	return router
}

// Handle adds a route.
func (rt *Router) Handle(pattern string, h Handler) {
	rt.patterns = append(rt.patterns, pattern)
	rt.mux.Handle(pattern, Adapt(rt.log, h))
}

// Patterns lists the routes there are, in the order they were added.
func (rt *Router) Patterns() []string { return rt.patterns }

// ServeHTTP implements http.Handler.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.mux.ServeHTTP(w, r) }

// unmatched tells an unknown path from a known one with another method.
func (rt *Router) unmatched(w http.ResponseWriter, r *http.Request) {
	if allowed := rt.allowed(r); len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		refuse(w, r, http.StatusMethodNotAllowed, fault.New(fault.Invalid, "method_not_allowed",
			"This address answers only to "+strings.Join(allowed, ", ")+"."))
		return
	}
	refuse(w, r, http.StatusNotFound, fault.New(fault.NotFound, "route_not_found", "There is nothing at this address."))
}

// allowed lists the methods that the request's path has a route for.
func (rt *Router) allowed(r *http.Request) []string {
	var allowed []string
	for _, method := range methods {
		other := *r // not Clone: only the method differs, and the copy is read only
		other.Method = method
		if _, pattern := rt.mux.Handler(&other); pattern != unmatched && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	return slices.Compact(allowed)
}
