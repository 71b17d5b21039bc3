package mesh_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/mesh/internal/remains"
)

// Two users have recordings and jobs in every state; one of them is deleted while
// work is under way. Of this one nothing is left anywhere, and nothing else is lost.
func TestDeletion_leavesNothingOfTheUserAndAllOfOthers(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t, "-dispatcher.sweep", "200ms", "-dispatcher.confirm", "100ms", "-dispatcher.erase", "200ms",
		"-dispatcher.settle", "7s") // longer than a worker takes to hear that its job is gone
	admin := remains.Login(t, m.URL, meshtest.User, meshtest.Password)
	admin.Complete(testkit.Samples(t, "ru")[0])
	leaving := admin.Make("wilhelmina")
	leaving.Complete(testkit.Samples(t, "en")[0])
	interview := filepath.Join(testkit.Root(t), "testdata", "audio", "en-10.flac")
	long := leaving.Upload(interview, "interview")
	leaving.Begin(interview)
	leaving.Cancel(leaving.Create(long, "en"))
	running := leaving.Create(long, "en")
	for range 4 {
		leaving.Create(long, "en")
	}
	testkit.Eventually(t, "a hook was tried", func() bool { return strings.Contains(leaving.Deliveries(leaving.Done()), "http_status:") })
	testkit.Eventually(t, "a job is at work", func() bool { return leaving.Status(running) == "transcribing" })
	for place, items := range everything(t, m) {
		if remains.Count(leaving, items) == 0 {
			t.Errorf("there was nothing to remove from the %s", place)
		}
	}
	if got := admin.Cached("transcript"); got != 4 {
		t.Errorf("%d transcripts are cached, want both versions of both", got)
	}

	admin.Delete(leaving)
	if _, status := leaving.Ask("GET", "/api/v1/user/me", nil); status != 401 {
		t.Errorf("the user is let in: %d", status)
	}
	admin.AwaitDeleted(leaving)

	for _, items := range everything(t, m) {
		remains.Expect(t, leaving, items)
	}
	if got := admin.Cached("transcript"); got != 2 {
		t.Errorf("%d transcripts are cached, want the other user's", got)
	}
	admin.IsWhole()
	again := admin.Make("wilhelmina")
	if again.ID == leaving.ID || again.Jobs() != 0 {
		t.Errorf("the new user %s has %d jobs; the old one was %s", again.ID, again.Jobs(), leaving.ID)
	}
	if _, status := again.Ask("GET", "/api/v1/files/interview", nil); status != 404 {
		t.Errorf("the new user has the old one's file: %d", status)
	}
}

// everything is all that a mesh in one process stores.
func everything(t *testing.T, m *meshtest.Mesh) map[string][]remains.Item {
	t.Helper()
	return map[string][]remains.Item{
		"bus":      remains.Streams(t, m.Bus),
		"database": remains.SQLite(t, filepath.Join(m.Data, "history.db")),
		"blobs":    remains.Files(t, filepath.Join(m.Data, "blobs")),
	}
}
