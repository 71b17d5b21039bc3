package chaos_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Each process dies once at each step of its work, between any two writes, and is
// started again: F1 and F2 (gateway), F5 (preprocess), F6 (transcriber), and the
// dispatcher's own.
func TestF05F06_killedAtEachStep(t *testing.T) {
	t.Parallel()
	deaths := filepath.Join(t.TempDir(), "deaths") // nobody dies before it is there
	cluster := meshtest.StartCluster(t, meshtest.Layout{Env: []string{
		"STENOMESH_CRASH_POINTS=" + strings.Join(crash.Points, ","), "STENOMESH_CRASH_FOLDER=" + deaths,
	}})
	defer cluster.Supervise()()
	trial := &chaos.Trial{Cluster: cluster, Clients: 4, Begin: func() {
		if err := os.Mkdir(deaths, 0o700); err != nil {
			t.Fatal(err)
		}
	}, Until: func() bool {
		died, err := os.ReadDir(deaths)
		return err == nil && len(died) == len(crash.Points)
	}}
	for _, point := range crash.Points {
		trial.Faults = append(trial.Faults, "death at "+point)
	}

	trial.Run(t)

	for _, point := range crash.Points {
		if _, err := os.Stat(filepath.Join(deaths, point)); err != nil {
			t.Errorf("nobody died at %s", point)
		}
	}
}
