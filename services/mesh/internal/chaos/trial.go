package chaos

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Trial is users at work on a cluster while it is hurt.
type Trial struct {
	Cluster *meshtest.Cluster
	Steps   []Step
	Clients int // jobs under way at once
	// Begin, if set, is called when all is still well and the users are about to start.
	Begin func()
	// Until, if set, keeps the users working after the last step until it holds.
	Until func() bool

	t      testing.TB
	ledger *Ledger
	user   *User
	files  []string
	want   map[string]string
}

// settleTime is how long jobs may take to their end when all is whole again. It
// only ends trials that fail.
const settleTime = 3 * time.Minute

// Run has the trial and returns what came of it. The ledger is kept in the test's
// output folder when something is wrong.
func (tr *Trial) Run(t testing.TB) Report {
	t.Helper()
	tr.t, tr.ledger, tr.want = t, &Ledger{}, map[string]string{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tr.login(ctx)
	before := tr.total(ctx)
	tr.prepare(ctx)

	if tr.Begin != nil {
		tr.Begin()
	}
	var users sync.WaitGroup
	working, stop := context.WithCancel(ctx)
	for n := range tr.Clients {
		users.Go(func() { tr.work(working, n) })
	}
	carryOut(t, tr.Cluster, tr.Steps, tr.ledger)
	if tr.Until != nil {
		testkit.Eventually(t, "the trial has run its course", tr.Until)
	}
	stop()
	users.Wait()
	tr.whole()
	outcomes := tr.outcomes(ctx)
	report := Check(tr.ledger.Events(), outcomes, tr.want, tr.total(ctx)-before)
	t.Logf("%s", report)
	if len(report.Wrong) > 0 {
		path := filepath.Join(t.ArtifactDir(), "ledger.jsonl")
		t.Errorf("something is lost or wrong; what the users saw is in %s (%v)", path, tr.ledger.Save(path))
	}
	return report
}

func (tr *Trial) login(ctx context.Context) {
	tr.t.Helper()
	user, err := NewUser(ctx, tr.Cluster.URL, meshtest.User, meshtest.Password, tr.ledger)
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.user = user
}

// prepare stores recordings and has each transcribed while all is well.
func (tr *Trial) prepare(ctx context.Context) {
	tr.t.Helper()
	for n, seconds := range []float64{6, 45} { // one chunk, and several
		recording := meshtest.Compose(tr.t, meshtest.Composition{Language: "en", Seconds: seconds, Seed: uint64(n), Pause: meshtest.Pauses})
		file := meshtest.Upload(tr.t, tr.user.Client(), recording.Path)
		if err := tr.user.Run(ctx, fmt.Sprintf("undisturbed-%d", n), file); err != nil {
			tr.t.Fatal(err)
		}
		events := tr.ledger.Events()
		tr.want[file] = events[len(events)-1].SHA256
		tr.files = append(tr.files, file)
	}
}

// work asks for one job after the other until ctx ends.
func (tr *Trial) work(ctx context.Context, n int) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("%d-%d", n, i)
		if err := tr.user.Run(ctx, name, tr.files[(n+i)%len(tr.files)]); err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
			tr.t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// whole waits until every process is ready again.
func (tr *Trial) whole() {
	tr.t.Helper()
	for _, replicas := range tr.Cluster.Replicas {
		for _, p := range replicas {
			p.AwaitReady()
		}
	}
}

// outcomes follows every accepted job to its end and looks it up.
func (tr *Trial) outcomes(ctx context.Context) map[string]Outcome {
	tr.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	all := map[string]Outcome{}
	for _, e := range tr.ledger.Events() {
		if e.What != Accepted {
			continue
		}
		state, err := tr.user.follow(ctx, e.Job)
		if err != nil {
			tr.t.Logf("job %s: %v", e.Job, err)
		}
		outcome := Outcome{State: state}
		if state == "completed" {
			outcome.SHA256, err = tr.user.words(ctx, e.Job)
			if err != nil {
				tr.t.Logf("job %s: %v", e.Job, err)
			}
		}
		all[e.Job] = outcome
	}
	tr.countRows(ctx, all)
	return all
}

// countRows waits until the history has all jobs, and counts how often.
func (tr *Trial) countRows(ctx context.Context, all map[string]Outcome) {
	tr.t.Helper()
	testkit.Eventually(tr.t, "the history is up to date", func() bool {
		rows := map[string]int{}
		for cursor := ""; ; {
			page, err := tr.user.Client().History(ctx, 100, cursor)
			if err != nil {
				return false
			}
			for _, item := range page.Items {
				if item.Status == "completed" {
					rows[item.TaskID]++
				}
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		for id, o := range all {
			o.Rows = rows[id]
			all[id] = o
		}
		for _, o := range all {
			if o.State == "completed" && o.Rows == 0 {
				return false
			}
		}
		return true
	})
}

func (tr *Trial) total(ctx context.Context) int {
	tr.t.Helper()
	page, err := tr.user.Client().History(ctx, 1, "")
	if err != nil {
		tr.t.Fatal(err)
	}
	return int(page.Total)
}
