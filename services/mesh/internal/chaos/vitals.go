package chaos

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// What a process may hold more of after a run than before it: connections come and
// go, and caches fill. A leak with each job or each fault is more.
const (
	moreGoroutines = 20
	moreFiles      = 10
	moreHeap       = 16 << 20 // and twice as much as before
)

// vitals are those of a cluster's processes, by name. All are asked until they tell.
func vitals(t testing.TB, c *meshtest.Cluster) map[string]meshtest.Vitals {
	t.Helper()
	all := map[string]meshtest.Vitals{}
	for _, replicas := range c.Replicas {
		for _, p := range replicas {
			testkit.Eventually(t, p.Name+" tells its vitals", func() bool {
				found, err := p.Vitals(t.Context())
				all[p.Name] = found
				return err == nil
			})
		}
	}
	return all
}

// backTo waits until every process holds about as much as before. One that was
// started again is held against the one in whose place it is.
func backTo(t testing.TB, c *meshtest.Cluster, before map[string]meshtest.Vitals) {
	t.Helper()
	var last map[string]meshtest.Vitals
	defer func() {
		if t.Failed() {
			t.Logf("the processes held %v, and now %v", before, last)
		}
	}()
	testkit.Eventually(t, "every process holds no more than before", func() bool {
		last = vitals(t, c)
		for name, now := range last {
			if grown(before[name], now) {
				return false
			}
		}
		return true
	})
}

func grown(before, now meshtest.Vitals) bool {
	return now.Goroutines > before.Goroutines+moreGoroutines ||
		now.Files > before.Files+moreFiles ||
		now.HeapBytes > 2*before.HeapBytes+moreHeap
}
