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
// charged to the recording, after a pause in which it may pass.
func (h *Handler) waitForStorage(ctx context.Context, err error) error {
	if !storageTrouble(err) {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(h.Pause):
		return work.Uncharged(err, false)
	}
}

func storageTrouble(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO) ||
		fault.Is(err, fault.Unavailable)
}
