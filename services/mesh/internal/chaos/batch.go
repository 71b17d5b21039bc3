package chaos

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// Batch is some jobs of one user that have to survive something.
type Batch struct {
	trial Trial
	site  *Site
}

// recordings are of one chunk, and of two.
var recordings = []string{"en-01.flac", "stereo-call.flac"}

// NewBatch logs a user in, stores recordings and has each transcribed while all is
// well.
func NewBatch(t testing.TB, site *Site) *Batch {
	t.Helper()
	Case(t)
	b := &Batch{site: site, trial: Trial{
		Cluster: &meshtest.Cluster{Mesh: *site.Mesh}, t: t, ledger: &Ledger{}, want: map[string]string{},
	}}
	b.trial.login(t.Context())
	if err := KeepAttempts(t.Context(), site.Bus.JS); err != nil {
		t.Fatal(err)
	}
	for _, name := range recordings {
		file := meshtest.Upload(t, b.trial.user.Client(), filepath.Join(testkit.Root(t), "testdata", "audio", name))
		if err := b.trial.user.Run(t.Context(), "undisturbed "+name, file); err != nil {
			t.Fatal(err)
		}
		events := b.trial.ledger.Events()
		b.trial.want[file] = events[len(events)-1].SHA256
		b.trial.files = append(b.trial.files, file)
	}
	return b
}

// User is whose jobs they are.
func (b *Batch) User() *User { return b.trial.user }

// File is the id of a recording of one chunk, or of two.
func (b *Batch) File(chunks int) string { return b.trial.files[chunks-1] }

// Fault writes down what is done to the mesh, and how many tasks at work it may have
// cut off.
func (b *Batch) Fault(kind string, tasks int) {
	b.trial.ledger.Add(Event{What: Fault, Note: kind, Tasks: tasks})
}

// Create has n jobs accepted, of the two recordings in turn, and returns their ids.
func (b *Batch) Create(n int) []string {
	b.trial.t.Helper()
	var ids []string
	for i := range n {
		id, err := b.trial.user.create(b.trial.t.Context(), fmt.Sprintf("job %d", i), b.trial.files[i%len(b.trial.files)])
		if err != nil {
			b.trial.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// In counts those of the jobs that users see in a state.
func (b *Batch) In(state string, ids []string) (n int) {
	b.trial.t.Helper()
	for _, id := range ids {
		status, err := b.trial.user.Client().Status(b.trial.t.Context(), id)
		if err == nil && status.Status == state {
			n++
		}
	}
	return n
}

// Fetch downloads the transcripts of completed jobs.
func (b *Batch) Fetch(ids []string) {
	b.trial.t.Helper()
	for _, id := range ids {
		state, err := b.trial.user.follow(b.trial.t.Context(), id)
		if err == nil && state == "completed" {
			err = b.trial.user.fetch(b.trial.t.Context(), id)
		}
		if err != nil {
			b.trial.t.Fatalf("job %s: %v", id, err)
		}
	}
}

// Finish follows every job to its end, holds what users saw against it, and fails
// the test when something is lost or wrong, or work is left.
func (b *Batch) Finish() Report {
	t := b.trial.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settleTime)
	defer cancel()
	report := b.trial.judge(ends{
		jobs: b.trial.outcomes(ctx), total: b.trial.total(ctx), again: b.trial.again(ctx, b.site.Bus),
	})
	NothingLeft(t, b.site.Bus)
	return report
}

// SecondUser logs the other account of tests in, and stores a recording of one chunk
// for it.
func SecondUser(t testing.TB, site *Site) (c *client.Client, file string) {
	t.Helper()
	return Bob(t, site.URL)
}

// Bob is SecondUser of any mesh.
func Bob(t testing.TB, url string) (c *client.Client, file string) {
	t.Helper()
	c, err := client.New(client.Config{URL: url})
	if err == nil {
		err = c.Login(t.Context(), "bob", "bob-secret")
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, meshtest.Upload(t, c, filepath.Join(testkit.Root(t), "testdata", "audio", recordings[0]))
}

// Create has a job accepted and returns its id. It may be called on any goroutine.
func Create(t testing.TB, c *client.Client, file string) string {
	t.Helper()
	status, err := c.Create(t.Context(), client.NewJob{FileID: file, Model: "demo", Language: "en"})
	if err != nil {
		t.Error(err)
	}
	return status.TaskID
}

// NothingLeft waits until no task, plan, result or counter is left on the bus.
func NothingLeft(t testing.TB, b *bus.Bus) {
	t.Helper()
	jobs, err := job.Open(t.Context(), b.JS)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "no task and no fact is left", func() bool {
		facts, err := jobs.FactIDs(t.Context())
		return err == nil && len(facts) == 0 && Stored(t, b, bus.StreamTasks) == 0
	})
}
