package scheduler

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/stenomesh/stenomesh/services/dispatcher/internal/tasks"
)

// stuckFor is how long a lane must have been found stuck: what a consumer tells of
// pending tasks is behind what was just published.
const stuckFor = 2 * time.Second

// stuck is what was found of a lane.
type stuck struct {
	last  uint64 // sequence number of the newest task
	since time.Time
}

// Unstick drops tasks which the bus has given to nobody for a while, though nothing
// else is queued; after Recheck they are published again. One goroutine calls it.
func (s *Scheduler) Unstick(ctx context.Context) error {
	found := map[tasks.Lane]stuck{}
	var problems []error
	for _, lane := range s.allLanes() {
		last, err := s.queue.Stuck(ctx, lane)
		problems = append(problems, err)
		switch before := s.stuck[lane]; {
		case last == 0:
		case before.last != last:
			found[lane] = stuck{last, time.Now()}
		case time.Since(before.since) < stuckFor:
			found[lane] = before
		default:
			s.log.Error("the bus has tasks that it gives to nobody; they are queued again", "stage", lane.Stage, "model", lane.Model)
			problems = append(problems, s.queue.Drop(ctx, last))
		}
	}
	s.stuck = found
	return errors.Join(problems...)
}

func (s *Scheduler) allLanes() []tasks.Lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.lanes))
}
