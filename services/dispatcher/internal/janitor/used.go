package janitor

import (
	"context"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
)

// usedByRecords adds the keys of all recordings that a file record refers to.
func (j *Janitor) usedByRecords(ctx context.Context, used map[string]bool) error {
	return once(ctx, func(ctx context.Context, done func()) error {
		return j.Files.Follow(ctx, func(event job.FileEvent) {
			switch {
			case event.CaughtUp:
				done()
			case !event.Gone:
				used[event.File.GetInput().GetBlobKey()] = true
			}
		})
	})
}

// usedByJobs adds the keys of all recordings that an unfinished job refers to.
// It reads the records anew: what was accepted before the call is counted,
// which the index may not know yet.
func (j *Janitor) usedByJobs(ctx context.Context, used map[string]bool) error {
	return once(ctx, func(ctx context.Context, done func()) error {
		return j.Jobs.Follow(ctx, func(event job.Event) {
			switch {
			case event.CaughtUp:
				done()
			case !event.Gone && !job.Terminal(event.Job.GetState()):
				used[event.Job.GetInput().GetBlobKey()] = true
			}
		})
	})
}

// ownedBy counts the jobs of a user whose records are there. It reads the records
// anew, too.
func (j *Janitor) ownedBy(ctx context.Context, userID string) (jobs int, err error) {
	err = once(ctx, func(ctx context.Context, done func()) error {
		return j.Jobs.Follow(ctx, func(event job.Event) {
			switch {
			case event.CaughtUp:
				done()
			case !event.Gone && event.Job.GetUserId() == userID:
				jobs++
			}
		})
	})
	return jobs, err
}

// once follows a feed until it has told everything.
func once(ctx context.Context, follow func(ctx context.Context, done func()) error) error {
	told := false
	inner, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err := follow(inner, func() { told = true; cancel() })
	if told {
		return nil
	}
	return err
}
