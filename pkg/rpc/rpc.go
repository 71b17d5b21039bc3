// Package rpc carries calls between services: over the network, or inside one
// process through the same interceptors. Errors arrive as the faults they left
// as, without their cause, which is logged where it happened.
package rpc

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// domain marks error details as ours.
const domain = "stenomesh"

var kindToCode = map[fault.Kind]codes.Code{
	fault.Internal:        codes.Internal,
	fault.Invalid:         codes.InvalidArgument,
	fault.Unauthenticated: codes.Unauthenticated,
	fault.Denied:          codes.PermissionDenied,
	fault.NotFound:        codes.NotFound,
	fault.Conflict:        codes.AlreadyExists,
	fault.TooLarge:        codes.OutOfRange,
	fault.Unsupported:     codes.Unimplemented,
	fault.Unprocessable:   codes.FailedPrecondition,
	fault.Exhausted:       codes.ResourceExhausted,
	fault.Unavailable:     codes.Unavailable,
	fault.Cancelled:       codes.Canceled,
}

var codeToKind = invert(kindToCode)

func invert(m map[fault.Kind]codes.Code) map[codes.Code]fault.Kind {
	out := make(map[codes.Code]fault.Kind, len(m))
	for kind, code := range m {
		out[code] = kind
	}
	out[codes.DeadlineExceeded] = fault.Unavailable
	return out
}

// ToStatus turns an error into a gRPC status; nil stays nil.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	f := fault.Of(err)
	st, detailErr := status.New(kindToCode[f.Kind], f.Message).
		WithDetails(&errdetails.ErrorInfo{Reason: f.Code, Domain: domain})
	if detailErr != nil {
		return status.Error(kindToCode[f.Kind], f.Message)
	}
	return st.Err()
}

// FromStatus turns a gRPC status back into a fault; nil stays nil. A status
// that is not one of ours (the network's, the library's) keeps its text as the
// cause only.
func FromStatus(err error) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	kind := codeToKind[st.Code()]
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == domain {
			return fault.New(kind, info.GetReason(), st.Message())
		}
	}
	switch kind {
	case fault.Cancelled:
		return fault.Wrap(err, kind, "cancelled", "The request was cancelled.")
	case fault.Unavailable:
		return fault.Wrap(err, kind, "unavailable", "A part of the service is not available; try again later.")
	default:
		return fault.Wrap(err, fault.Internal, "internal", "Something went wrong on our side.")
	}
}

// requestIDKey is the name of the request id in a call's metadata.
const requestIDKey = "x-request-id"

// WithRequestID returns a context whose calls carry the id of the user's request
// that they are made for.
func WithRequestID(ctx context.Context, id string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, requestIDKey, id)
}

// ServerInterceptor turns handlers' errors into statuses and logs, once, those
// that are our fault, with the "request_id" if the call carries one. Outages are
// logged by who sees them, but for calls that ran out of time.
func ServerInterceptor(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		reply, err := handler(ctx, req)
		if fault.Is(err, fault.Internal) || errors.Is(err, context.DeadlineExceeded) {
			withRequestID(ctx, log).ErrorContext(ctx, "call failed", "method", info.FullMethod, "err", err)
		}
		return reply, ToStatus(err)
	}
}

func withRequestID(ctx context.Context, log *slog.Logger) *slog.Logger {
	if id := metadata.ValueFromIncomingContext(ctx, requestIDKey); len(id) > 0 {
		return log.With("request_id", id[0])
	}
	return log
}
