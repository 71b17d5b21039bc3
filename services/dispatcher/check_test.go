package dispatcher_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/dispatcher"
)

func TestDispatcher_isReadyOnceItKnowsTheJobs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	service, err := dispatcher.New(slowConfig(), dispatcher.Deps{
		Bus: r.Bus, Jobs: r.jobs, Files: r.files, Blobs: r.store, History: r.client, Log: testkit.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("before it runs: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = service.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })

	testkit.Eventually(t, "it knows the jobs", func() bool { return service.Check(t.Context()) == nil })
}
