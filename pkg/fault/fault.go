// Package fault gives errors a kind that callers act on, a stable code that
// API users may rely on, and one sentence that may be shown to them.
//
// A fault crosses gRPC unchanged but for its cause, which stays in the log of
// the process where it happened (see package rpc). Only the gateway turns it
// into a problem document.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind is what a caller can do about an error.
type Kind int

// The kinds. Internal is the zero value: an error nobody classified is ours.
const (
	Internal        Kind = iota // a bug or a broken part; retrying may help
	Invalid                     // the request is malformed
	Unauthenticated             // who asks is not known
	Denied                      // who asks may not do this
	NotFound                    // no such thing, or it is somebody else's
	Conflict                    // it clashes with what is there
	TooLarge                    // over a limit of size
	Unsupported                 // not a kind of media we take
	Unprocessable               // well-formed but not possible
	Exhausted                   // over a rate or quota
	Unavailable                 // a dependency is down; try again later
	Cancelled                   // the work was stopped on request
)

// Error is a classified error.
type Error struct {
	Kind    Kind
	Code    string // stable, snake_case, for example "corrupt_media"
	Message string // one sentence for the user; nothing internal
	Cause   error  // for the log of this process; may be nil
}

// New returns an error without a cause.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Wrap returns an error whose cause goes to the log and nowhere else.
func Wrap(cause error, kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message, Cause: cause}
}

// Error is for logs: it tells the cause too.
func (e *Error) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Of returns the fault in err's chain. An error without one is Internal, and
// Cancelled when its context was cancelled; its text becomes the cause. Of(nil)
// is nil.
func Of(err error) *Error {
	var found *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &found):
		return found
	case errors.Is(err, context.Canceled):
		return Wrap(err, Cancelled, "cancelled", "The request was cancelled.")
	case errors.Is(err, context.DeadlineExceeded):
		return Wrap(err, Unavailable, "timeout", "The request took too long; try again later.")
	default:
		return Wrap(err, Internal, "internal", "Something went wrong on our side.")
	}
}

// Is reports whether err is a fault of this kind.
func Is(err error, kind Kind) bool {
	found := Of(err)
	return found != nil && found.Kind == kind
}

// Permanent reports whether doing the same again must fail the same way.
func Permanent(err error) bool {
	if err == nil {
		return false
	}
	switch Of(err).Kind {
	case Internal, Unavailable, Exhausted, Cancelled:
		return false
	default:
		return true
	}
}
