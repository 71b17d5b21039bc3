package history

import (
	"context"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
)

// EraseUser leaves nothing of a user but tombstones of jobs. A job that the recorder
// has still in its hands becomes one when it hears of the job's deletion, which
// stands in the same feed behind.
func (s *jobServer) EraseUser(ctx context.Context, req *historyv1.EraseUserRequest) (*historyv1.EraseUserResponse, error) {
	ids, err := s.store.DeleteUser(ctx, req.GetUserId())
	if err != nil {
		return nil, err
	}
	return &historyv1.EraseUserResponse{JobIds: ids}, nil
}
