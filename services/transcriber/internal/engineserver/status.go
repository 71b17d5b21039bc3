package engineserver

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper"
)

// statusOf turns an error into the status that the contract promises for it.
// Only what is wrong with a request is told in words.
func statusOf(err error) error {
	switch {
	case errors.Is(err, whisper.ErrInvalid):
		return status.Error(codes.InvalidArgument, err.Error())
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the call was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "the call took too long")
	case errors.Is(err, whisper.ErrOutOfMemory):
		return status.Error(codes.ResourceExhausted, "out of memory")
	default:
		return status.Error(codes.Internal, "the engine could not decode the window")
	}
}
