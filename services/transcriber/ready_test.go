package transcriber_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
)

func TestTranscriber_isNotReadyWithoutTheQueueOfAnInstalledModel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	service, _ := r.serve(t)
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
