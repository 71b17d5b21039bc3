package index

import (
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Terminal jobs are kept for clients that look once more, within these bounds.
const (
	keepEnded = 10 * time.Minute
	mostEnded = 20_000
)

// dropEnded forgets terminal jobs that are old or too many.
func (x *Index) dropEnded() {
	for len(x.ended) > 0 {
		e, known := x.entries[x.ended[0]]
		switch {
		case !known || e.endedAt.IsZero(): // removed, or under way again
		case len(x.ended) > mostEnded || x.now().Sub(e.endedAt) > keepEnded:
			x.remove(x.ended[0])
		default:
			return
		}
		x.ended = x.ended[1:]
	}
}

func (x *Index) remove(id string) {
	e, known := x.entries[id]
	if !known {
		return
	}
	user := e.Job.GetUserId()
	x.count(user, !job.Terminal(e.Job.GetState()), false)
	delete(x.entries, id)
	x.unsettled.remove(user, id)
	close(e.changed)
}

// endedLongAgo keeps jobs out that the feed tells of after a start, though nobody
// waits for them any more.
func (x *Index) endedLongAgo(record *jobv1.Job) bool {
	return job.Terminal(record.GetState()) && x.now().Sub(record.GetUpdatedAt().AsTime()) > keepEnded
}
