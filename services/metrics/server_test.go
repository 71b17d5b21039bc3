package metrics

import (
	"testing"
	"time"

	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/metrics/internal/process"
	"github.com/stenomesh/stenomesh/services/metrics/internal/window"
)

// TestServer_looksBackNoFurtherThanItsStart: whoever divides by the window gets
// rates that are right from the first second on.
func TestServer_looksBackNoFurtherThanItsStart(t *testing.T) {
	t.Parallel()
	const length = time.Hour // longer than any test
	for name, tc := range map[string]struct {
		age       time.Duration
		low, high time.Duration
	}{
		"young": {age: time.Minute, low: time.Minute, high: length - 1},
		"old":   {age: 2 * length, low: length, high: length},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &server{
				window: window.New(length), length: length,
				began: time.Now().Add(-tc.age), meter: process.NewMeter(length),
			}
			reply, err := s.GetPerformance(t.Context(), &metricsv1.GetPerformanceRequest{})
			if got := reply.GetWindowMs(); err != nil || got < tc.low.Milliseconds() || got > tc.high.Milliseconds() {
				t.Errorf("window of %d ms, %v", got, err)
			}
		})
	}
}
