package scheduler

import (
	"context"
	"time"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/schedule"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/tasks"
)

// target is how many tasks should be ready for so many workers: enough that
// none waits while the next are published, few enough that a user who comes
// now is served soon.
func target(slots int) int { return slots*5/4 + 2 }

// fill publishes tasks of a lane until it is as full as it should be.
func (s *Scheduler) fill(ctx context.Context, lane tasks.Lane) {
	depth, err := s.queue.Depth(ctx, lane)
	if err != nil {
		s.log.Debug("queue does not tell its depth", "model", lane.Model, "err", err)
		return // the tick tries again
	}
	for free := target(depth.Slots) - depth.Ready; free > 0 && ctx.Err() == nil; {
		pick, record := s.next(lane)
		if record == nil {
			return
		}
		fresh, err := s.queue.Publish(ctx, taskOf(record, lane, pick), lane, record.GetOptions().GetPriority())
		if err != nil {
			s.log.Debug("task not published", "job", pick.JobID, "err", err)
			s.takeBack(lane, pick)
			return
		}
		if fresh {
			free--
		}
	}
}

// next takes the next task of a lane; without one the record is nil.
func (s *Scheduler) next(name tasks.Lane) (schedule.Pick, *jobv1.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lane := s.lanes[name]
	if lane == nil {
		return schedule.Pick{}, nil
	}
	pick, ok := lane.Next(time.Now())
	if !ok {
		return schedule.Pick{}, nil
	}
	return pick, s.jobs[pick.JobID].record
}

func (s *Scheduler) takeBack(name tasks.Lane, pick schedule.Pick) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lane := s.lanes[name]; lane != nil {
		lane.Return(pick)
	}
}
