//go:build chaos

package chaos_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// A mesh that is one process is killed 200 times at random moments, and started again.
func TestF31_oneProcessKilledTwoHundredTimes(t *testing.T) {
	t.Parallel()
	const kills, longest = 200, 2 * time.Second
	engine := chaos.NewEngine(t)
	process := meshtest.Start(t, append(engine.Flags(), "-preprocess.workers", "1", "-dispatcher.sweep", "1s")...)
	process.Stop()
	keep := openBus(t, process)
	if err := chaos.KeepAttempts(t.Context(), keep.JS); err != nil {
		t.Fatal(err)
	}
	keep.stop()
	process.Again(t)
	random := rand.New(rand.NewPCG(31, 0))

	trial := &chaos.Trial{Cluster: &meshtest.Cluster{Mesh: process.Mesh}, Clients: 6}
	trial.Hurt = func() {
		for range kills {
			pause(time.Duration(random.Int64N(int64(longest))))
			trial.Fault("kill mesh")
			process.Kill(t)
			process.Again(t)
		}
	}
	trial.Inside = func() *bus.Bus {
		process.Stop()
		inside := openBus(t, process)
		t.Cleanup(inside.stop)
		return inside.Bus
	}

	trial.Run(t)
}

// ownBus is the bus of a mesh that is one process, while that does not run.
type ownBus struct {
	*bus.Bus
	stop func()
}

func openBus(t *testing.T, process *meshtest.Process) ownBus {
	t.Helper()
	embedded, err := bus.StartEmbedded(filepath.Join(process.Data, "bus"), testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := embedded.Connect("test", testkit.Log(t))
	if err != nil {
		embedded.Stop()
		t.Fatal(err)
	}
	return ownBus{b, func() { b.Close(); embedded.Stop() }}
}
