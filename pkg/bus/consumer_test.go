package bus_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

func TestCheckConsumer_missesOneThatWasDeleted(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	if err := b.CheckConsumer(t.Context(), bus.StreamTasks, bus.ConsumerPre); err != nil {
		t.Fatal(err)
	}
	if err := b.JS.DeleteConsumer(t.Context(), bus.StreamTasks, bus.ConsumerPre); err != nil {
		t.Fatal(err)
	}

	err := b.CheckConsumer(t.Context(), bus.StreamTasks, bus.ConsumerPre)

	if !fault.Is(err, fault.Unavailable) || fault.Of(err).Code != "queue_missing" {
		t.Errorf("got %v", err)
	}
}
