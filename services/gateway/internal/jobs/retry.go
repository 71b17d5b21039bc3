package jobs

import jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"

// retryable reports whether a job in this state may be tried again.
func retryable(state jobv1.State) bool {
	return state == jobv1.State_STATE_FAILED || state == jobv1.State_STATE_CANCELLED
}
