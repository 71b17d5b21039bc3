package chaos_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// replicas has every service whose replicas share work twice; in the short form that
// whose work takes longest.
func replicas() map[string]int {
	if long() {
		return map[string]int{"transcriber": 2, "preprocess": 2, "history": 2, "cache": 2}
	}
	return map[string]int{"transcriber": 2}
}

// TestF34_randomFaults hurts anything at any time. The short form has one seed; the
// long one as many as STENOMESH_CHAOS_SEEDS says, or those that it lists
// ("3,5,17"), to try a schedule again.
func TestF34_randomFaults(t *testing.T) {
	t.Parallel()
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel() // each has a mesh of its own
			trial := &chaos.Trial{
				Cluster: meshtest.StartCluster(t, meshtest.Layout{Replicas: replicas()}),
				Steps:   schedule(seed),
				Clients: clients(),
			}
			trial.Run(t)
		})
	}
}

// lease is how long the queue waits for a worker's word (bus.Lease), and a little.
const lease = 22 * time.Second

// schedule is 25 steps; in the short form 4, and what a seed may leave out: a worker
// that comes back from the dead after its lease, and a bus that dies.
func schedule(seed uint64) []chaos.Step {
	if long() {
		return chaos.Schedule(seed, 25, chaos.Kinds(), 3*time.Second)
	}
	return append(chaos.Schedule(seed, 4, chaos.Kinds(), 2*time.Second),
		chaos.Step{Kind: "freeze transcriber", Down: lease}, chaos.Step{Kind: "kill bus", Down: time.Second})
}

// clients are few in the short form, so that a machine of two cores has time for the
// faults.
func clients() int {
	if long() {
		return 6
	}
	return 2
}

func long() bool { return os.Getenv("STENOMESH_LONG") != "" }

// seeds are 1, or those that the environment asks for.
func seeds(t *testing.T) []uint64 {
	t.Helper()
	asked := os.Getenv("STENOMESH_CHAOS_SEEDS")
	if asked == "" {
		return []uint64{1}
	}
	var all []uint64
	for _, word := range strings.Split(asked, ",") {
		seed, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			t.Fatalf("STENOMESH_CHAOS_SEEDS: %q is no number", word)
		}
		all = append(all, seed)
	}
	if len(all) > 1 || strings.Contains(asked, ",") {
		return all
	}
	for n := range all[0] {
		all = append(all[:n], n+1)
	}
	return all
}
