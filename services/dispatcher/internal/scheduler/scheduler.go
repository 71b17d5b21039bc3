// Package scheduler keeps the ready queue short and fair. It watches the
// records of unfinished jobs, asks package schedule which task goes next, and
// publishes just enough of them that no worker waits. What it knows is a guess
// that costs nothing when it is wrong: records are the truth, a task published
// twice is refused or finds its work done, and a lost one is published again
// after Recheck. So several schedulers may run at once.
package scheduler

import (
	"context"
	"log/slog"
	"sync"
	"time"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/schedule"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/tasks"
)

// Scheduler feeds the lanes.
type Scheduler struct {
	queue   *tasks.Queue
	log     *slog.Logger
	perUser int
	tick    time.Duration
	wake    chan struct{} // holds at most one wish for a round
	// troubled are the lanes that could not be filled the last time; Run's own.
	troubled map[tasks.Lane]bool
	// stuck are the lanes whose tasks nobody is given; Unstick's own.
	stuck map[tasks.Lane]stuck

	mu      sync.Mutex
	lanes   map[tasks.Lane]*schedule.Lane
	jobs    map[string]waiting
	backlog backlog
}

// Limits bound what is published.
type Limits struct {
	// PerUser is how many tasks of one user in a lane may be published and not
	// finished; 0: any number.
	PerUser int
	// Ahead is how much audio may be prepared, or being prepared, and not
	// transcribed yet before no more is prepared; 0: any length. It is exceeded
	// by the recording that crosses it, and by one job of each user and priority.
	Ahead time.Duration
}

// waiting is a job in a lane.
type waiting struct {
	lane   tasks.Lane
	record *jobv1.Job
}

// New returns a scheduler. tick is how often it looks for workers that came,
// when nothing else calls for a look.
func New(queue *tasks.Queue, limits Limits, tick time.Duration, log *slog.Logger) *Scheduler {
	return &Scheduler{
		queue: queue, log: log, perUser: limits.PerUser, tick: tick, wake: make(chan struct{}, 1),
		troubled: map[tasks.Lane]bool{}, lanes: map[tasks.Lane]*schedule.Lane{}, jobs: map[string]waiting{},
		backlog: newBacklog(limits.Ahead),
	}
}

// Observe takes note of a job's record. Records come in the order of their
// revisions; the scheduler keeps them and does not change them.
func (s *Scheduler) Observe(record *jobv1.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lane, work, ok := need(record)
	if old, found := s.jobs[record.GetId()]; found {
		if again := old.record.GetAttempt() != record.GetAttempt(); !ok || old.lane != lane || again {
			s.drop(record.GetId(), old)
		}
	}
	s.wakeUp() // what goes may make room, too
	if !ok {
		return
	}
	s.jobs[record.GetId()] = waiting{lane, record}
	s.lane(lane).Put(work)
	if lane.Stage == jobv1.Stage_STAGE_ASR {
		s.backlog.set(record, untranscribed(record))
	}
}

// lane returns a lane, a new one if need be. What is prepared waits on the disk,
// so only the lane of preparing is held back.
func (s *Scheduler) lane(name tasks.Lane) *schedule.Lane {
	if s.lanes[name] == nil {
		var hold schedule.Hold
		if name.Stage == jobv1.Stage_STAGE_PRE {
			hold = s.backlog.hold
		}
		s.lanes[name] = schedule.NewLane(s.perUser, hold)
	}
	return s.lanes[name]
}

// Forget drops a job that needs nothing more.
func (s *Scheduler) Forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, found := s.jobs[id]; found {
		s.drop(id, old)
		s.wakeUp()
	}
}

// Recheck makes sure that everything that should be queued is: all unfinished
// tasks that were published are published again.
func (s *Scheduler) Recheck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lane := range s.lanes {
		lane.Recheck()
	}
	s.wakeUp()
}

// Run publishes until ctx ends.
func (s *Scheduler) Run(ctx context.Context) {
	ticker := time.NewTicker(s.tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-ticker.C:
		}
		for _, lane := range s.waitingLanes() {
			s.fill(ctx, lane)
		}
	}
}

func (s *Scheduler) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Scheduler) drop(id string, old waiting) {
	delete(s.jobs, id)
	s.backlog.drop(id)
	s.lanes[old.lane].Remove(id)
	if s.lanes[old.lane].Len() == 0 {
		delete(s.lanes, old.lane)
	}
}

// waitingLanes returns the lanes that have something to publish.
func (s *Scheduler) waitingLanes() []tasks.Lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []tasks.Lane
	for name, lane := range s.lanes {
		if lane.Waiting() {
			found = append(found, name)
		}
	}
	return found
}
