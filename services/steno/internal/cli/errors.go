package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// usageError is returned when the command line makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// lostJobError is returned when a job runs and nobody knows how it ends.
type lostJobError struct {
	task string
	err  error
}

func (e *lostJobError) Error() string { return fmt.Sprintf("wait for job %s: %v", e.task, e.err) }

func (e *lostJobError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// sentence says an error to a person, with what to do about it where that is
// known.
func sentence(err error) string {
	var lost *lostJobError
	var connection *client.ConnectionError
	var problem *client.Problem
	var known *fault.Error
	switch {
	case errors.As(err, &lost):
		return fmt.Sprintf("%s; the job may go on: steno status %s", sentence(lost.err), printable(lost.task))
	case errors.As(err, &connection):
		return connectionSentence(connection)
	case errors.As(err, &problem):
		return problemSentence(problem)
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.Is(err, catalog.ErrChecksum):
		return "what was downloaded is not the file the catalogue names, so it was thrown away; try again later"
	case errors.As(err, &known):
		return fmt.Sprintf("%s (%s)", known.Message, known.Code)
	default:
		return printable(err.Error())
	}
}

func connectionSentence(e *client.ConnectionError) string {
	if e.NoRoute {
		return fmt.Sprintf("no server answers at %s; start one with `make up`, or name another with --url", e.URL)
	}
	if errors.Is(e, context.DeadlineExceeded) {
		return fmt.Sprintf("the server at %s did not answer in time; look at its log, or try again later", e.URL)
	}
	return fmt.Sprintf("the connection to the server at %s was lost: %s", e.URL, printable(e.Err.Error()))
}

func problemSentence(p *client.Problem) string {
	text := printable(p.Error())
	switch {
	case p.Code == "invalid_credentials":
		return text + "; check --user (STENO_USER)"
	case p.Status == http.StatusUnauthorized:
		return text + "; log in with --user NAME:PASSWORD (STENO_USER), or pass a valid --token (STENO_TOKEN), or `steno login` once"
	case p.RetryAfter > 0:
		return fmt.Sprintf("%s; try again in %s", text, p.RetryAfter)
	default:
		return text
	}
}
