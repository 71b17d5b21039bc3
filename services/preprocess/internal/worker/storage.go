package worker

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/work"
)

// waitForStorage turns a lack of room, or an outage, into an error that is not
// charged to the recording, after a pause in which it may pass: the worker has
// nothing better to do, as others would find the same. What may be wrong with
// this recording's file alone counts as an interruption, so that it ends.
func (h *Handler) waitForStorage(ctx context.Context, err error) error {
	outage := work.Outage(err)
	if !outage && !errors.Is(err, syscall.EIO) && !fault.Is(err, fault.Unavailable) {
		return err
	}
	pause := work.PauseFor(err, h.Pause)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
	}
	if outage {
		return work.Waiting(err, pause)
	}
	return work.Uncharged(err, false)
}
