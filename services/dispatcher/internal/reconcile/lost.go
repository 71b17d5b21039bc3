package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// putBack stores the records again that the bus has lost: what it cannot read any
// more is not there for anybody, and is not told as removed either. The index has the
// record as it was last told, and results that came later are applied again.
func (r *Reconciler) putBack(ctx context.Context, live []*jobv1.Job, still time.Duration) error {
	missing := map[string]time.Time{}
	var problems []error
	for _, record := range live {
		if stands(record) < still {
			continue
		}
		_, _, err := r.jobs.Get(ctx, record.GetId())
		switch {
		case !fault.Is(err, fault.NotFound):
			problems = append(problems, err)
		case r.missing[record.GetId()].IsZero(): // word of its removal may be on its way
			missing[record.GetId()] = time.Now()
		case time.Since(r.missing[record.GetId()]) < r.every:
			missing[record.GetId()] = r.missing[record.GetId()]
		default:
			err := r.jobs.PutBack(ctx, record)
			if fault.Is(err, fault.Conflict) { // it was removed, and word of that is late
				continue
			}
			if err == nil {
				r.log.Error("the bus had lost a record; it was put back", "job", record.GetId())
			}
			problems = append(problems, err)
		}
	}
	r.missing = missing
	return errors.Join(problems...)
}
