package scheduler

import (
	"context"
	"log/slog"

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
		s.trouble(ctx, lane, err)
		return // the tick tries again
	}
	for free := target(depth.Slots) - depth.Ready; free > 0 && ctx.Err() == nil; {
		pick, record := s.next(lane)
		if record == nil {
			break
		}
		fresh, err := s.queue.Publish(ctx, taskOf(record, lane, pick), lane, record.GetOptions().GetPriority())
		if err != nil {
			s.trouble(ctx, lane, err)
			s.takeBack(lane, pick)
			return
		}
		if fresh {
			free--
		}
	}
	delete(s.troubled, lane)
}

// trouble logs why nothing of a lane is published: the first time somebody
// should hear of it, then it is the same again at each tick.
func (s *Scheduler) trouble(ctx context.Context, lane tasks.Lane, err error) {
	level := slog.LevelWarn
	if s.troubled[lane] || ctx.Err() != nil {
		level = slog.LevelDebug
	}
	s.troubled[lane] = true
	s.log.Log(ctx, level, "tasks are not queued", "stage", lane.Stage, "model", lane.Model, "err", err)
}

// next takes the next task of a lane; without one the record is nil.
func (s *Scheduler) next(name tasks.Lane) (schedule.Pick, *jobv1.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lane := s.lanes[name]
	if lane == nil {
		return schedule.Pick{}, nil
	}
	pick, ok := lane.Next()
	if !ok {
		return schedule.Pick{}, nil
	}
	record := s.jobs[pick.JobID].record
	if name.Stage == jobv1.Stage_STAGE_PRE {
		s.backlog.set(record, guess(record))
	}
	return pick, record
}

func (s *Scheduler) takeBack(name tasks.Lane, pick schedule.Pick) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lane := s.lanes[name]; lane != nil {
		lane.Return(pick)
	}
}
