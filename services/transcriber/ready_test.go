package transcriber_test

import (
	"context"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/transcriber"
)

func TestTranscriber_isNotReadyWithoutTheQueueOfAnInstalledModel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	service, err := transcriber.New(r.cfg, transcriber.Deps{
		Bus: r.Bus, Jobs: r.jobs, Blobs: r.blobs, Catalog: r.catalog, Log: testkit.Log(t), Observe: r.observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	remove := func(model string) {
		t.Helper()
		if err := r.JS.DeleteConsumer(t.Context(), bus.StreamTasks, bus.ConsumerASR(model)); err != nil {
			t.Fatal(err)
		}
	}

	remove("other") // it is not installed
	if err := service.Check(t.Context()); err != nil {
		t.Errorf("without a queue that it does not need: %v", err)
	}
	remove("demo")
	if err := service.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without the queue of its model: %v", err)
	}
}
