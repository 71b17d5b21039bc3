//go:build chaos

package chaos_test

import (
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Each case hurts one thing on purpose, for as long as down says.
var single = []struct {
	name string
	kind string
	down time.Duration
}{
	// A worker that comes back from the dead has lost its lease: another has its task.
	// It may finish, and may settle nothing.
	{"F07 frozen transcriber", "freeze transcriber", 2 * lease},
	{"F07 frozen preprocess", "freeze preprocess", lease},
	{"F09 bus killed", "kill bus", lease},
	{"F09 bus restarted", "stop bus", time.Second},
	{"F16 database away", "kill postgres", 2 * time.Minute},
	{"F24 gateway restarted", "stop gateway", 0},
	{"F24 transcriber restarted", "stop transcriber", 0},
	{"dispatcher away", "kill dispatcher", lease},
	{"F17 Redis away", "kill redis", 2 * time.Minute},
	{"F17 Redis frozen", "freeze redis", 10 * time.Second},
	{"F17 Redis emptied", "flush redis", 0},
}

func TestSingleFaults_loseNothing(t *testing.T) {
	t.Parallel()
	cluster := meshtest.StartCluster(t, meshtest.Layout{Replicas: map[string]int{"transcriber": 2}})
	for _, c := range single {
		t.Run(c.name, func(t *testing.T) {
			trial := &chaos.Trial{Cluster: cluster, Clients: 3, Steps: []chaos.Step{{After: time.Second / 2, Kind: c.kind, Down: c.down}}}
			trial.Run(t)
		})
	}
}
