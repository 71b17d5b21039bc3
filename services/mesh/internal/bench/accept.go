package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// accept makes jobs over one connection, as fast as they are answered, on a mesh
// that works on those it has accepted already.
func (b *bench) accept(ctx context.Context) ([]Row, error) {
	key, err := b.writes(ctx)
	if err != nil {
		return nil, err
	}
	created, err := b.creates(ctx)
	if err != nil {
		return nil, err
	}
	return []Row{
		latency("record of a job written, idle bus", key, "budget 2/30 ms"),
		latency("POST create answered 201, mesh busy with the jobs before", created, "one such write, login, file, JSON"),
	}, nil
}

// writes measures the durable write of a record alone.
func (b *bench) writes(ctx context.Context) (durations, error) {
	s, err := b.openBackstage(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var took durations
	for range b.cfg.Sizes.Creates {
		began := time.Now()
		if _, err := s.accept(ctx, "files/none", ""); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

func (b *bench) creates(ctx context.Context) (took durations, err error) {
	tiny, err := b.record(ctx, 1, 0)
	if err != nil {
		return nil, err
	}
	s, err := b.startServer(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	file, err := s.upload(ctx, tiny)
	if err != nil {
		return nil, err
	}
	for n := range b.cfg.Sizes.Creates {
		began := time.Now()
		if _, err := s.create(ctx, file); err != nil {
			return nil, fmt.Errorf("create job %d: %w", n, err)
		}
		took = append(took, time.Since(began))
	}
	return took, nil // the jobs go with the server's folder
}
