//go:build chaos

package chaos_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/mesh/internal/remains"
)

// A user is deleted while work is under way, over PostgreSQL and Redis, and whoever
// carries it out is killed again and again. Of the user nothing is left anywhere, and
// nothing of others is lost.
func TestErasure_endsWhoeverDies(t *testing.T) {
	t.Parallel()
	cluster := meshtest.StartCluster(t, meshtest.Layout{
		Replicas: map[string]int{"gateway": 2, "history": 2, "cache": 2, "dispatcher": 2},
		Flags: map[string][]string{
			"dispatcher": {"-dispatcher.sweep", "1s", "-dispatcher.confirm", "500ms", "-dispatcher.erase", "500ms", "-dispatcher.settle", "8s"},
		},
	})
	admin := remains.Login(t, cluster.URL, meshtest.User, meshtest.Password)
	admin.Complete(testkit.Samples(t, "ru")[0])
	leaving := admin.Make("wilhelmina")
	leaving.Complete(testkit.Samples(t, "en")[0])
	long := leaving.Upload(filepath.Join(testkit.Root(t), "testdata", "audio", "stereo-call.flac"), "interview")
	leaving.Cancel(leaving.Create(long, "en"))
	for range 12 {
		leaving.Create(long, "en")
	}
	elsewhere := remains.Login(t, cluster.URLs[1], "wilhelmina", remains.Password)
	for place, items := range remaining(t, cluster) {
		if remains.Count(leaving, items) == 0 {
			t.Errorf("there was nothing to remove from the %s", place)
		}
	}

	stop := cluster.Supervise()
	admin.Delete(leaving)
	testkit.Eventually(t, "the other gateway has heard", func() bool {
		_, status := elsewhere.Ask("GET", "/api/v1/user/me", nil)
		return status == 401
	})
	random := rand.New(rand.NewPCG(7, 7))
	for range 12 {
		for _, service := range []string{"dispatcher", "history", "cache", "transcriber"} {
			replicas := cluster.Replicas[service]
			replicas[random.IntN(len(replicas))].Kill()
			pause(time.Duration(random.Int64N(int64(500 * time.Millisecond))))
		}
	}
	admin.AwaitDeleted(leaving)
	stop()

	for _, items := range remaining(t, cluster) {
		remains.Expect(t, leaving, items)
	}
	admin.IsWhole()
	if again := admin.Make("wilhelmina"); again.ID == leaving.ID || again.Jobs() != 0 {
		t.Errorf("the new user %s has %d jobs; the old one was %s", again.ID, again.Jobs(), leaving.ID)
	}
}

// remaining is all that a mesh of many processes stores.
func remaining(t *testing.T, cluster *meshtest.Cluster) map[string][]remains.Item {
	t.Helper()
	return map[string][]remains.Item{
		"bus":      remains.Streams(t, cluster.Witness()),
		"database": remains.Postgres(t, cluster.Database()),
		"cache":    remains.Redis(t, cluster.Redis.URL()),
		"blobs":    remains.Files(t, cluster.BlobFolder()),
	}
}
