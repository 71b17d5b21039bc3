package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// walksUnserved is how many walks' time a model may be missing from the layout
// before its jobs fail: an operator may have lost the catalogue for a moment.
const walksUnserved = 2

// failUnserved ends the jobs whose model left the catalogue after they were
// accepted: nobody would ever take their tasks.
func (r *Reconciler) failUnserved(ctx context.Context, live []*jobv1.Job) error {
	waiting := map[string][]*jobv1.Job{} // by model
	for _, record := range live {
		if record.GetState() <= jobv1.State_STATE_TRANSCRIBING {
			model := record.GetOptions().GetResolvedModel()
			waiting[model] = append(waiting[model], record)
		}
	}
	var problems []error
	for model, records := range waiting {
		served, err := r.actions.Served(ctx, model)
		switch {
		case err != nil:
			problems = append(problems, err)
		case served:
			delete(r.unserved, model)
		default:
			problems = append(problems, r.endUnserved(ctx, model, records))
		}
	}
	for model := range r.unserved {
		if waiting[model] == nil {
			delete(r.unserved, model)
		}
	}
	return errors.Join(problems...)
}

// endUnserved fails the jobs of a model that has been missing for long.
func (r *Reconciler) endUnserved(ctx context.Context, model string, records []*jobv1.Job) error {
	since, known := r.unserved[model]
	if !known {
		r.unserved[model] = time.Now()
		r.log.Warn("jobs wait for a model that is not in the catalogue", "model", model, "jobs", len(records))
		return nil
	}
	if time.Since(since) < walksUnserved*r.every {
		return nil
	}
	var problems []error
	for _, record := range records {
		problems = append(problems, r.fail(ctx, record))
	}
	return errors.Join(problems...)
}

func (r *Reconciler) fail(ctx context.Context, seen *jobv1.Job) error {
	failed := false
	_, _, err := r.jobs.Update(ctx, seen.GetId(), func(record *jobv1.Job) error {
		failed = record.GetState() <= jobv1.State_STATE_TRANSCRIBING && record.GetAttempt() == seen.GetAttempt()
		if !failed {
			return job.ErrUnchanged
		}
		record.Error = &jobv1.Error{Code: "model_not_installed", Message: "The model is no longer installed; choose another one."}
		job.Advance(record, jobv1.State_STATE_FAILED, time.Now())
		return nil
	})
	if fault.Is(err, fault.NotFound) {
		return nil // purged meanwhile
	}
	if err == nil && failed {
		r.log.Info("job failed", "job", seen.GetId(), "code", "model_not_installed")
	}
	return err
}
