package transcriber

import (
	"context"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/models"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/worker"
)

// lent is a leased model as the worker sees it.
type lent struct {
	*engine.Pool
	lease *models.Lease
	info  *enginev1.GetInfoResponse
}

var _ worker.Model = lent{}

// acquire lends a model whose engine runs.
func (s *Service) acquire(ctx context.Context, name string) (worker.Model, error) {
	lease, err := s.models.Acquire(ctx, name)
	if err != nil {
		return nil, err
	}
	info, err := lease.Pool.Start(ctx)
	if err != nil {
		lease.Release()
		return nil, err
	}
	return lent{Pool: lease.Pool, lease: lease, info: info}, nil
}

func (l lent) Info() *enginev1.GetInfoResponse { return l.info }
func (l lent) SHA256() string                  { return l.lease.Model.SHA256 }
func (l lent) Release()                        { l.lease.Release() }
