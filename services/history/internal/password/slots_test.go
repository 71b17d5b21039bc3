package password

import (
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

func TestHasher_refusesWhomItKeepsWaitingTooLong(t *testing.T) {
	t.Parallel()
	h, err := NewHasher()
	if err != nil {
		t.Fatal(err)
	}
	for range atOnce {
		h.slots <- struct{}{}
	}
	h.slotTime = time.Millisecond

	err = h.VerifyNobody(t.Context(), "x")

	if !fault.Is(err, fault.Unavailable) || fault.Of(err).Code != "too_many_logins" {
		t.Errorf("got %v", err)
	}
	<-h.slots
	h.slotTime = slotTime
	if err := h.VerifyNobody(t.Context(), "x"); err != nil {
		t.Errorf("with a free slot: %v", err)
	}
}
