package chaos_test

import (
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// lease is how long the queue waits for a worker's word (bus.Lease), and a little.
const lease = 22 * time.Second

// Each case hurts one thing on purpose; long is how long it stays so in the long
// form.
var single = []struct {
	name        string
	kind        string
	short, long time.Duration
}{
	// A worker that comes back from the dead has lost its lease: another has its task.
	// It may finish, and may settle nothing.
	{"F07 frozen transcriber", "freeze transcriber", lease, 2 * lease},
	{"F07 frozen preprocess", "freeze preprocess", time.Second, lease},
	{"F09 bus killed", "kill bus", time.Second, lease},
	{"F09 bus restarted", "stop bus", time.Second, 5 * time.Second},
	{"F16 database away", "kill postgres", 2 * time.Second, 2 * time.Minute},
	{"F24 gateway restarted", "stop gateway", 0, time.Second},
	{"F24 transcriber restarted", "stop transcriber", 0, time.Second},
	{"dispatcher away", "kill dispatcher", time.Second, lease},
}

func TestSingleFaults_loseNothing(t *testing.T) {
	t.Parallel()
	cluster := meshtest.StartCluster(t, meshtest.Layout{Replicas: map[string]int{"transcriber": 2}})
	for _, c := range single {
		t.Run(c.name, func(t *testing.T) {
			down := c.short
			if long() {
				down = c.long
			}
			trial := &chaos.Trial{Cluster: cluster, Clients: 3, Steps: []chaos.Step{{After: time.Second / 2, Kind: c.kind, Down: down}}}
			trial.Run(t)
		})
	}
}
