package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Trial is users at work on a cluster while it is hurt.
type Trial struct {
	Cluster *meshtest.Cluster
	Steps   []Step
	Clients int      // jobs under way at once
	Faults  []string // that somebody else sees to; named as "kill gateway" is
	// Begin, if set, is called when all is still well and the users are about to start.
	Begin func()
	// Hurt, if set, does what the steps cannot.
	Hurt func()
	// Until, if set, keeps the users working after the last step until it holds.
	Until func() bool
	// Inside, if set, gives the bus of a mesh that is no cluster, which keeps attempts
	// already; it is called when all is over.
	Inside func() *bus.Bus

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
	Case(t)
	tr.t, tr.ledger, tr.want = t, &Ledger{}, map[string]string{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tr.login(ctx)
	total, again := tr.total(ctx), tr.watch(ctx)
	tr.prepare(ctx)
	held := vitals(t, tr.Cluster)

	tr.disturb(ctx)

	tr.whole()
	ended := tr.ends(ctx)
	ended.total -= total
	ended.again.CutOff -= again.CutOff
	ended.again.GivenBack -= again.GivenBack
	report := tr.judge(ended)
	backTo(t, tr.Cluster, held)
	return report
}

// watch has the bus keep attempts, and counts what it has of earlier trials.
func (tr *Trial) watch(ctx context.Context) Again {
	tr.t.Helper()
	if tr.Inside != nil {
		return Again{}
	}
	inside := tr.Cluster.Witness()
	tr.Inside = func() *bus.Bus { return inside }
	err := KeepAttempts(ctx, inside.JS)
	if err != nil {
		tr.t.Fatal(err)
	}
	return tr.again(ctx, inside)
}

func (tr *Trial) again(ctx context.Context, inside *bus.Bus) Again {
	tr.t.Helper()
	again, err := CountAgain(ctx, inside.JS)
	if err != nil {
		tr.t.Fatal(err)
	}
	return again
}

// disturb hurts the mesh while users work on it.
func (tr *Trial) disturb(ctx context.Context) {
	tr.t.Helper()
	for _, kind := range tr.Faults {
		tr.Fault(kind)
	}
	if tr.Begin != nil {
		tr.Begin()
	}
	var users sync.WaitGroup
	working, stop := context.WithCancel(ctx)
	defer func() { stop(); users.Wait() }()
	for n := range tr.Clients {
		users.Go(func() { tr.work(working, n) })
	}
	tr.carryOut()
	if tr.Hurt != nil {
		tr.Hurt()
	}
	if tr.Until != nil {
		testkit.Eventually(tr.t, "the trial has run its course", tr.Until)
	}
}

// Fault writes down what is done to the mesh.
func (tr *Trial) Fault(kind string) {
	tr.ledger.Add(Event{What: Fault, Note: kind, Tasks: hits(tr.Cluster, kind)})
}

// Seen counts the requests of users that ended so; 0 is no answer.
func (tr *Trial) Seen(request string, status int) (n int) {
	for _, e := range tr.ledger.Events() {
		if e.What == Answered && e.Request == request && e.HTTP == status {
			n++
		}
	}
	return n
}

// Fetched counts the transcripts that users got.
func (tr *Trial) Fetched() (n int) {
	for _, e := range tr.ledger.Events() {
		if e.What == Fetched {
			n++
		}
	}
	return n
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
