package dispatcher_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// TestDispatcher_failsJobsOfAModelThatLeftTheCatalogue has a bus that was
// provisioned without the model. A job whose model is in the catalogue waits for the
// consumer that an operator removed.
func TestDispatcher_failsJobsOfAModelThatLeftTheCatalogue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gone := func(record *jobv1.Job) { record.Options.ResolvedModel = "gone" }
	r.must(t, r.JS.DeleteConsumer(t.Context(), bus.StreamTasks, bus.ConsumerASR("demo")))
	unheard := r.accept(t, "u", 3, nil)
	queued := r.accept(t, "u", 1, gone)
	halfway := r.accept(t, "u", 2, func(record *jobv1.Job) {
		gone(record)
		record.State, record.Chunks = jobv1.State_STATE_TRANSCRIBING, 2
		job.SetDone(record, 0)
	})
	assembling := r.seed(t, jobv1.State_STATE_ASSEMBLING)
	_, _, err := r.jobs.Update(t.Context(), assembling, func(record *jobv1.Job) error { gone(record); return nil })
	r.must(t, err)

	r.dispatcher(t)

	for _, id := range []string{queued, halfway} {
		record := r.await(t, id, jobv1.State_STATE_FAILED)
		if record.GetError().GetCode() != "model_not_installed" || record.GetError().GetMessage() == "" {
			t.Errorf("error %v", record.GetError())
		}
	}
	r.await(t, assembling, jobv1.State_STATE_COMPLETED) // it needs no model any more
	if record := r.get(t, unheard); job.Terminal(record.GetState()) {
		t.Errorf("a job of a model whose consumer somebody removed is %v", record.GetState())
	}
}
