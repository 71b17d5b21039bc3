package meshtest

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Plans gives the plans of the jobs that a mesh in process prepares from now
// on. They are gone from the bus when their jobs are done.
func Plans(t testing.TB, m *Mesh) <-chan *jobv1.Plan {
	t.Helper()
	kv, err := m.Bus.JS.KeyValue(t.Context(), job.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := kv.Watch(t.Context(), "plan.>", jetstream.UpdatesOnly())
	if err != nil {
		t.Fatal(err)
	}
	plans := make(chan *jobv1.Plan, 1000)
	go func() {
		defer close(plans)
		for entry := range watcher.Updates() {
			plan := &jobv1.Plan{}
			if entry != nil && proto.Unmarshal(entry.Value(), plan) == nil && len(plan.GetChunks()) > 0 {
				plans <- plan
			}
		}
	}()
	t.Cleanup(func() { _ = watcher.Stop() })
	return plans
}
