package transcriber

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/work"
)

const (
	// leaveAfter is how long a lane must be empty before a slot leaves it for a
	// model that has to be loaded first.
	leaveAfter = 5 * time.Second
	// neglected is how long tasks may wait in a lane before a slot goes there
	// whatever it costs.
	neglected = 30 * time.Second
)

// lane is what is known of one model's queue.
type lane struct {
	model   string
	loaded  bool
	waiting time.Time // since when tasks wait; zero when none does
}

// slot is the source of one worker. It stays with a model as long as that has
// tasks, since to change the model may mean to load one.
type slot struct {
	lanes   *lanes
	model   string    // the lane it stands at
	lastHad time.Time // when that last had a task for it
}

var _ work.Source = (*slot)(nil)

// Next takes one task from the lane that is best for now.
func (s *slot) Next(ctx context.Context) (jetstream.Msg, error) {
	open := s.lanes.look(ctx)
	if len(open) == 0 {
		return nil, wait(ctx, time.Second)
	}
	patience := lanePatience
	if len(open) == 1 {
		patience = onlyPatience
	}
	if model := s.choose(open, time.Now()); model != s.model {
		s.model, s.lastHad = model, time.Now()
		s.lanes.visit(model)
	}
	msg, err := s.lanes.queue(s.model, patience).Next(ctx)
	if err == nil {
		s.lastHad = time.Now()
		s.lanes.visit(s.model)
	}
	return msg, err
}

// wait is for a transcriber without any model: there may be one soon.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return work.ErrEmpty
	}
}

// choose returns the model to take the next task of; there is at least one lane.
// Tasks that were neglected come first, then those of the lane it stands at,
// then those of loaded models, and only then those of others.
func (s *slot) choose(open []lane, now time.Time) string {
	if l := longest(open, func(l lane) bool { return now.Sub(l.waiting) >= neglected }); l != nil {
		return l.model
	}
	at := find(open, s.model)
	if at != nil && !at.waiting.IsZero() {
		return at.model
	}
	if l := longest(open, func(l lane) bool { return l.loaded }); l != nil {
		return l.model
	}
	if at != nil && now.Sub(s.lastHad) < leaveAfter {
		return at.model
	}
	if l := longest(open, func(lane) bool { return true }); l != nil {
		return l.model
	}
	if at != nil {
		return at.model
	}
	return open[0].model
}

// longest returns the lane whose tasks have waited for longest, of those that
// fit; nil when none has any.
func longest(open []lane, fits func(lane) bool) *lane {
	var found *lane
	for n, l := range open {
		if !l.waiting.IsZero() && fits(l) && (found == nil || l.waiting.Before(found.waiting)) {
			found = &open[n]
		}
	}
	return found
}

func find(open []lane, model string) *lane {
	for n := range open {
		if open[n].model == model {
			return &open[n]
		}
	}
	return nil
}
