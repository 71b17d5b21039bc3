package dispatcher

import (
	"context"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// follow reads the job feed until ctx ends, from its start again every Relist
// and after a break.
func (s *Service) follow(ctx context.Context) {
	for ctx.Err() == nil {
		s.index.Restart()
		listen, cancel := context.WithTimeout(ctx, s.cfg.Relist)
		told := false // everything that was there when we began to listen
		err := s.jobs.Follow(listen, func(event job.Event) {
			told = told || event.CaughtUp
			s.handle(event, told)
		})
		relist := listen.Err() != nil
		cancel()
		if !relist && ctx.Err() == nil {
			s.broken.Store(true)
			s.log.Warn("job feed broke off; it is opened again", "err", err)
			wait(ctx, time.Second)
		}
	}
}

// handle passes one event to the parts that act on it. news is false for what
// was there before we listened.
func (s *Service) handle(event job.Event, news bool) {
	switch {
	case event.CaughtUp:
		s.caughtUp()
	case event.Gone:
		s.index.Forget(event.ID)
		s.scheduler.Forget(event.ID)
		s.finisher.Forget(event.ID)
	default:
		s.index.Observe(event.Job, event.Revision)
		s.scheduler.Observe(event.Job)
		s.act(event.Job, news)
	}
}

// act does what a record calls for at once. Jobs that were over before we
// listened are left to the sweep that begins when the feed has caught up.
func (s *Service) act(record *jobv1.Job, news bool) {
	switch {
	case record.GetState() == jobv1.State_STATE_ASSEMBLING:
		s.finisher.Offer(record.GetId())
		return
	case job.Terminal(record.GetState()) && news:
		s.janitor.Finished(record.GetId())
	}
	s.finisher.Forget(record.GetId())
}

func (s *Service) caughtUp() {
	s.broken.Store(false)
	for _, id := range s.index.CaughtUp() {
		s.scheduler.Forget(id)
		s.finisher.Forget(id)
	}
	s.reconcile.Now()
	s.janitor.Sweep()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
