// Package dispatcher moves jobs on: it decides what runs next, gathers results,
// completes jobs, mends what was lost and clears up. It does no heavy work
// itself and keeps nothing but what it can read again from the bus, so any
// number of dispatchers may run, and any of them may die.
//
//	job feed ($KV.JOBS.job.>)              results ($KV.JOBS.res.>)
//	     |                                       |
//	  feed.go ----> index (unfinished, over)  collect --> record: done set,
//	     |            |         |                         language, assembling
//	     |       reconcile   janitor --> blobs, KV
//	     |        |     |
//	     +-> scheduler  |
//	     |     |        |
//	     |   TASKS      |
//	     +-----------> finish (assemble) --> transcript, record: completed
//
//	ends of jobs ($KV.JOBS.job.>) --> notify --> HOOKS
//
// The gateway makes jobs, preprocess and transcriber do the tasks; nobody calls
// the dispatcher.
package dispatcher

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/collect"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/finish"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/index"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/janitor"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/notify"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/reconcile"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/scheduler"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/tasks"
)

// Deps are the parts that the service works with.
type Deps struct {
	Bus     *bus.Bus
	Jobs    *job.Store
	Files   *job.Files
	Blobs   blob.Store
	History historyv1.HistoryServiceClient // asked before a record is purged
	Cache   cachev1.CacheServiceClient     // forgets what users had who are erased
	Log     *slog.Logger
}

// Service is one dispatcher.
type Service struct {
	cfg       Config
	bus       *bus.Bus
	broken    atomic.Bool // the job feed broke off and has not caught up again
	jobs      *job.Store
	log       *slog.Logger
	index     *index.Index
	scheduler *scheduler.Scheduler
	collector *collect.Collector
	finisher  *finish.Finisher
	reconcile *reconcile.Reconciler
	janitor   *janitor.Janitor
	notifier  *notify.Notifier
	erased    *job.Erased
}

// New returns a dispatcher that does nothing before Run.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("dispatcher: %w", err)
	}
	queue, known := tasks.NewQueue(deps.Bus.JS), index.New()
	s := &Service{
		cfg:       cfg,
		bus:       deps.Bus,
		jobs:      deps.Jobs,
		log:       deps.Log,
		index:     known,
		scheduler: scheduler.New(queue, scheduler.Limits{PerUser: cfg.PerUser, Ahead: cfg.Ahead}, cfg.Tick, deps.Log),
		collector: collect.New(deps.Bus.JS, deps.Jobs, deps.Log),
		finisher:  finish.New(deps.Jobs, deps.Blobs, deps.Log),
		notifier:  notify.New(deps.Bus.JS, deps.Jobs, deps.Log),
	}
	s.reconcile = reconcile.New(known, deps.Jobs, reconcile.Actions{
		Recheck: s.scheduler.Recheck, Apply: s.collector.Apply, Finish: s.finisher.Offer,
		Served: queue.Served, Unstick: s.scheduler.Unstick,
	}, cfg.Reconcile, deps.Log)
	s.erased = job.NewErased(func(string) { s.janitor.Erase() })
	s.janitor = janitor.New(janitor.Parts{
		Index: known, Jobs: deps.Jobs, Files: deps.Files, Tasks: queue,
		Blobs: deps.Blobs, History: deps.History, Cache: deps.Cache, Told: s.notifier.Told, Erased: s.erased, Log: deps.Log,
	}, janitor.Times{
		Sweep: cfg.Sweep, Confirm: cfg.Confirm, Grace: cfg.Grace, FileGrace: cfg.FileGrace, Erase: cfg.Erase, Settle: cfg.Settle,
	})
	return s, nil
}

// Run works until ctx ends; all that it started has ended when it returns. What
// was under way is taken up by the next run.
func (s *Service) Run(ctx context.Context) error {
	var group sync.WaitGroup
	group.Go(func() { s.scheduler.Run(ctx) })
	group.Go(func() { s.collector.Run(ctx) })
	group.Go(func() { s.finisher.Run(ctx, s.cfg.Finishers) })
	group.Go(func() { s.reconcile.Run(ctx) })
	group.Go(func() { s.janitor.Run(ctx) })
	group.Go(func() { s.notifier.Run(ctx) })
	group.Go(func() { s.erased.Follow(ctx, s.jobs, s.log) })
	group.Go(func() { s.follow(ctx) })
	group.Wait()
	return nil
}

// Check reports whether the dispatcher knows all jobs and hears what becomes of
// them, as it must to be trusted to move them; the error is Unavailable.
func (s *Service) Check(ctx context.Context) error {
	switch {
	case !s.index.Ready():
		return fault.New(fault.Unavailable, "starting", "The dispatcher is still reading the jobs there are.")
	case s.broken.Load():
		return fault.New(fault.Unavailable, "feed_broken", "The dispatcher does not hear of changes to jobs.")
	}
	if err := s.bus.CheckConsumer(ctx, bus.StreamJobs, bus.ConsumerNotify); err != nil {
		return err
	}
	return s.bus.CheckConsumer(ctx, bus.StreamJobs, bus.ConsumerAssembler)
}
