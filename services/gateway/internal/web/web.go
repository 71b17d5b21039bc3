// Package web is the HTTP plumbing around the handlers of package api: handlers
// that return errors, routing errors as problem documents, request ids, the access
// log, deadlines for bodies and answers. It knows no route and no job.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Handler answers a request, or returns the error to answer it with. It returns
// an error only if it has written nothing.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Adapt makes an http.Handler of a Handler. A failure of ours is logged here, once.
func Adapt(log *slog.Logger, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		id := RequestID(r.Context())
		if clientLeft(r, err) {
			log.Debug("client left", "request_id", id, "route", r.Pattern, "err", err)
			leave(w)
			return
		}
		if problem.Status(err) >= http.StatusInternalServerError {
			log.Log(r.Context(), levelOf(err), "request failed", "request_id", id, "route", r.Pattern, "err", err)
		}
		refuse(w, r, problem.Status(err), err)
	})
}

// levelOf is for errors of ours. One without a cause is either a refusal (there is
// no room now) or came from another service, which has logged what it was.
func levelOf(err error) slog.Level {
	if fault.Of(err).Cause == nil {
		return slog.LevelDebug
	}
	return slog.LevelError
}

// clientLeft reports whether the request ended because its connection did.
func clientLeft(r *http.Request, err error) bool {
	return r.Context().Err() != nil && (errors.Is(err, context.Canceled) || fault.Is(err, fault.Cancelled))
}
