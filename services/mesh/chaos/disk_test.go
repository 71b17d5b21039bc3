//go:build chaos

package chaos_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// The disk of the blobs is full for a while, and then read-only. Uploads are refused
// with the time to come again, the probe is red, jobs wait; with room again all goes
// on, and whatever was acknowledged is there.
func TestF18_noRoomForBlobs(t *testing.T) {
	t.Parallel()
	disk := chaos.MountDisk(t, "16m")
	cluster := meshtest.StartCluster(t, meshtest.Layout{Blobs: disk.Path})
	files := &uploads{url: cluster.URL, user: cluster.Client(t), stored: map[string]string{}}
	trial := &chaos.Trial{Cluster: cluster, Clients: 3}
	trial.Hurt = func() {
		for _, c := range []struct {
			kind       string
			hurt, mend func()
		}{
			{"no room for blobs", disk.Fill, disk.Free},
			{"read-only disk of blobs", disk.Protect, disk.Release},
		} {
			trial.Fault(c.kind)
			testkit.Eventually(t, "a file is stored", func() bool { return files.store(t) })
			c.hurt()
			testkit.Eventually(t, "the probe is red", func() bool { return !ready(t, cluster.URL) })
			testkit.Eventually(t, "an upload is refused", func() bool { return !files.store(t) })
			pause(lease) // jobs try their luck meanwhile, oftener than one may fail
			c.mend()
			testkit.Eventually(t, "the probe is green", func() bool { return ready(t, cluster.URL) })
			testkit.Eventually(t, "a file is stored", func() bool { return files.store(t) })
		}
	}
	trial.Until = sinceThen(trial)

	trial.Run(t)

	files.check(t)
}

// The disk of the bus is full. The server takes nothing any more, also when there is
// room again, until it is started again. Users are told to come again, and whatever
// was acknowledged is there afterwards.
func TestF18_noRoomForTheBus(t *testing.T) {
	t.Parallel()
	disk := chaos.MountDisk(t, "16m")
	cluster := meshtest.StartCluster(t, meshtest.Layout{Store: filepath.Join(disk.Path, "bus")})
	bob, file := chaos.Bob(t, cluster.URL)
	trial := &chaos.Trial{Cluster: cluster, Clients: 3}
	trial.Hurt = func() {
		trial.Fault("no room for the bus")
		disk.Fill()
		testkit.Eventually(t, "a job is refused", func() bool { return refused(t, bob, file) })
		disk.Free()
		if !refused(t, bob, file) {
			t.Log("the server takes jobs again by itself")
		}
		cluster.Bus.Stop()
		cluster.Bus.Launch()
		testkit.Eventually(t, "a job is taken", func() bool { return !refused(t, bob, file) })
	}
	trial.Until = sinceThen(trial)

	trial.Run(t)
}

// While the disk of the bus is full the probe is red, and afterwards green.
func TestF18_probeTellsThatTheBusTakesNothing(t *testing.T) {
	t.Parallel()
	chaos.Case(t, "no room for the bus")
	disk := chaos.MountDisk(t, "16m")
	cluster := meshtest.StartCluster(t, meshtest.Layout{Store: filepath.Join(disk.Path, "bus")})
	bob, file := chaos.Bob(t, cluster.URL)

	disk.Fill()
	testkit.Eventually(t, "a job is refused", func() bool { return refused(t, bob, file) })
	testkit.Eventually(t, "the probe is red", func() bool { return !ready(t, cluster.URL) })
	disk.Free()
	cluster.Bus.Stop()
	cluster.Bus.Launch()
	testkit.Eventually(t, "the probe is green", func() bool { return ready(t, cluster.URL) })
}

// refused asks for a job, once, and reports whether the answer is that one has to come
// again.
func refused(t *testing.T, c *client.Client, file string) bool {
	t.Helper()
	_, err := c.Create(t.Context(), client.NewJob{FileID: file, Model: "demo", Language: "en"})
	var problem *client.Problem
	if err != nil && (!errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable || problem.RetryAfter == 0) {
		t.Errorf("a job was answered %v", err)
	}
	return err != nil
}

// sinceThen holds when users got three transcripts more than when it was first asked.
func sinceThen(trial *chaos.Trial) func() bool {
	before := -1
	return func() bool {
		if before < 0 {
			before = trial.Fetched()
		}
		return trial.Fetched() >= before+3
	}
}

// uploads are files that a user stored: the SHA-256 of each, by id.
type uploads struct {
	url    string
	user   *client.Client
	number int
	stored map[string]string
}

// store uploads a file that nobody has, once, and reports whether it was taken.
// Otherwise the user has to be told when to come again.
func (u *uploads) store(t *testing.T) bool {
	t.Helper()
	u.number++
	body := fmt.Appendf(nil, "ID3%08000d", u.number)
	file, err := u.user.Upload(t.Context(), fmt.Sprintf("%d.mp3", u.number), int64(len(body)), bytes.NewReader(body))
	var problem *client.Problem
	switch sum := sha256.Sum256(body); {
	case err == nil:
		u.stored[file.FileID] = hex.EncodeToString(sum[:])
	case !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable || problem.RetryAfter == 0:
		t.Errorf("an upload was answered %v", err)
	}
	return err == nil
}

// check reads every file that was taken.
func (u *uploads) check(t *testing.T) {
	t.Helper()
	token := loginToken(t, u.url)
	for id, want := range u.stored {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.url+"/api/v1/files/"+id+"/audio", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, resp.Body)
		if got := hex.EncodeToString(sum.Sum(nil)); errors.Join(err, resp.Body.Close()) != nil || got != want {
			t.Errorf("file %s was answered %d, with other bytes", id, resp.StatusCode)
		}
	}
	t.Logf("%d of %d files were taken", len(u.stored), u.number)
}
