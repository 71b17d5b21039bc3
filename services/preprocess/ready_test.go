package preprocess

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
)

func TestService_isNotReadyWithoutItsQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var service *Service
	r.start(t, func(s *Service) { service = s })
	if err := service.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.bus.JS.DeleteConsumer(t.Context(), bus.StreamTasks, bus.ConsumerPre); err != nil {
		t.Fatal(err)
	}

	if err := service.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}
