//go:build chaos

package chaos_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/mesh/internal/remains"
)

// A dispatcher dies when a job has ended and its hook is not queued; a gateway dies
// when a receiver has been told and nobody knows. Each end is told nevertheless, and
// what is told twice has the same id.
func TestF08_diesBetweenTheEndAndTheWordOfIt(t *testing.T) {
	t.Parallel()
	points := []string{crash.BeforeNotify, crash.AfterHook}
	deaths := filepath.Join(t.TempDir(), "deaths") // nobody dies before it is there
	chaos.Case(t, "death at "+points[0], "death at "+points[1])
	var mu sync.Mutex
	told := map[string]int{} // by webhook-id
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		told[r.Header.Get("webhook-id")]++
	}))
	t.Cleanup(server.Close)
	cluster := meshtest.StartCluster(t, meshtest.Layout{
		Env:   []string{"STENOMESH_CRASH_POINTS=" + strings.Join(points, ","), "STENOMESH_CRASH_FOLDER=" + deaths},
		Flags: map[string][]string{"gateway": {"-gateway.outbound-allow", "127.0.0.0/8", "-gateway.webhook-pause", "200ms"}},
	})
	defer cluster.Supervise()()
	ann := remains.Login(t, cluster.URL, meshtest.User, meshtest.Password)
	file := ann.Upload(testkit.Samples(t, "en")[0].Path, "talk")
	if err := os.Mkdir(deaths, 0o700); err != nil {
		t.Fatal(err)
	}

	var ids []string
	for range 6 {
		ids = append(ids, ann.CreateTelling(file, "en", server.URL))
	}

	for _, id := range ids {
		testkit.Eventually(t, "the log says that the end of "+id+" was told", func() bool {
			return strings.Contains(ann.Deliveries(id), "status:delivered")
		})
	}
	testkit.Eventually(t, "no hook is left", func() bool { return chaos.Stored(t, cluster.Witness(), bus.StreamHooks) == 0 })
	for _, point := range points {
		if _, err := os.Stat(filepath.Join(deaths, point)); err != nil {
			t.Errorf("nobody died at %s", point)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	twice := 0
	for _, id := range ids {
		n := told[id+"_1_completed"]
		if n == 0 || n > 2 {
			t.Errorf("the end of %s was told %d times", id, n)
		}
		twice += max(0, n-1)
	}
	if len(told) != len(ids) || twice > 1 { // as often as a gateway has died
		t.Errorf("%d ends were told twice: %s", twice, fmt.Sprint(told))
	}
}
