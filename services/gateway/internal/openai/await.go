package openai

import (
	"context"
	"errors"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// errLeft is that the client has closed its connection.
var errLeft = errors.New("client has left")

func isLeft(err error) bool { return errors.Is(err, errLeft) }

// await returns a job once it is completed. Errors: errLeft; Unavailable, code
// "still_running", when this gateway cannot wait any longer, though the job goes on;
// what has become of the job instead.
func (a *API) await(ctx context.Context, e index.Entry) (index.Entry, error) {
	waiting, cancel := context.WithTimeout(ctx, a.Longest)
	defer cancel()
	for !job.Terminal(e.Job.GetState()) {
		later, err := a.Jobs.Wait(waiting, e.Job.GetUserId(), e.Job.GetId(), e.Revision)
		switch {
		case ctx.Err() != nil:
			return e, fault.Wrap(errLeft, fault.Cancelled, "cancelled", "The request was cancelled.")
		case err != nil:
			return e, err
		case waiting.Err() != nil, later.Revision <= e.Revision: // nothing new: the gateway is about to stop
			return e, problem.After(fault.New(fault.Unavailable, "still_running",
				"The recording is still being transcribed; send the request again, or ask GET /api/v1/transcription/"+e.Job.GetId()+"."), time.Second)
		}
		e = later
	}
	return e, outcome(e.Job)
}

// outcome is why a job that has ended has no transcript; nil if it has one.
func outcome(record *jobv1.Job) error {
	switch record.GetState() {
	case jobv1.State_STATE_COMPLETED:
		return nil
	case jobv1.State_STATE_CANCELLED:
		return final{fault.New(fault.Conflict, "job_cancelled", "The transcription was cancelled.")}
	default:
		failed := record.GetError()
		return final{fault.New(kindOf(failed.GetCode()), failed.GetCode(), failed.GetMessage())}
	}
}

// kindOf tells whether a recording is to blame for a failure, and how.
func kindOf(code string) fault.Kind {
	switch code {
	case "unsupported_media":
		return fault.Unsupported
	case "corrupt_media", "no_audio_stream", "empty_audio", "too_long":
		return fault.Invalid
	case "model_not_found", "model_not_installed":
		return fault.NotFound
	default:
		return fault.Internal
	}
}

// final is an error that the same request would meet again: the job had its tries.
type final struct{ error }

// Unwrap returns what it is about.
func (f final) Unwrap() error { return f.error }
