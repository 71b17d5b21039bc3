//go:build chaos

package chaos_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/work"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// One user has a recording that crashes the engine each time, and asks for it again
// and again. Five others work beside: their jobs all complete, and nineteen of twenty
// take less than twice the time that they take without the first user.
func TestF20_crashLoopBesideFiveUsers(t *testing.T) {
	t.Parallel()
	const healthy, phase = 5, 40 * time.Second
	chaos.Case(t, "a user whose recording crashes the engine")
	engine := chaos.NewEngine(t)
	accounts := []string{"-user", "mallory:mallory-secret"}
	for n := range healthy {
		accounts = append(accounts, "-user", fmt.Sprintf("user%d:user%d-secret", n, n))
	}
	cluster := meshtest.StartCluster(t, meshtest.Layout{
		Replicas: map[string]int{"transcriber": 2, "preprocess": 2},
		Flags:    map[string][]string{"history": accounts, "transcriber": engine.Flags()},
	})
	recording := meshtest.Compose(t, meshtest.Composition{Language: "en", Seconds: 6, Pause: meshtest.Pauses})
	mallory := &crasher{engine: engine, user: newPatient(t, cluster.URL, "mallory", recording.Path), bus: cluster.Witness()}
	mallory.tellEngine()
	var crowd []*patient
	for n := range healthy {
		crowd = append(crowd, newPatient(t, cluster.URL, fmt.Sprintf("user%d", n), recording.Path))
	}
	workFor(t, crowd, 5*time.Second) // engines get warm

	before := workFor(t, crowd, phase)
	looping, stop := context.WithCancel(t.Context())
	var loop sync.WaitGroup
	loop.Go(func() { mallory.loop(looping, t) })
	beside := workFor(t, crowd, phase)
	stop()
	loop.Wait()

	t.Logf("%d jobs without: half take up to %v, of twenty nineteen %v", len(before), quantile(before, 0.5), quantile(before, 0.95))
	t.Logf("%d jobs beside %d crashes: %v and %v", len(beside), mallory.crashes(), quantile(beside, 0.5), quantile(beside, 0.95))
	if mallory.failed == 0 {
		t.Error("no job crashed the engine until it was given up")
	}
	if quantile(beside, 0.95) >= 2*quantile(before, 0.95) {
		t.Error("the others waited more than twice as long")
	}
}

// patient is a user who has one recording transcribed again and again.
type patient struct {
	*client.Client
	file string
}

func newPatient(t *testing.T, url, name, path string) *patient {
	t.Helper()
	c, err := client.New(client.Config{URL: url})
	if err == nil {
		err = c.Login(t.Context(), name, name+"-secret")
	}
	if err != nil {
		t.Fatal(err)
	}
	return &patient{c, meshtest.Upload(t, c, path)}
}

// workFor has all users work side by side for some time, and returns how long their
// jobs took.
func workFor(t *testing.T, all []*patient, d time.Duration) (took []time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var working sync.WaitGroup
	end := time.Now().Add(d)
	for _, p := range all {
		working.Go(func() {
			for time.Now().Before(end) {
				began := time.Now()
				status, err := p.Watch(t.Context(), chaos.Create(t, p.Client, p.file), nil)
				if err != nil || status.Status != "completed" {
					t.Errorf("a job of somebody else ended %s, %+v, %v", status.Status, status.Error, err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	working.Wait()
	return took
}

// quantile is the time that a share of all do not exceed.
func quantile(all []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(share*float64(len(sorted)-1))].Round(time.Millisecond)
}

// crasher is a user whose jobs crash the engine.
type crasher struct {
	engine *chaos.Engine
	user   *patient
	bus    *bus.Bus
	ids    []string
	failed int // jobs that came to their end
}

// tellEngine has the engine crash at all jobs of this user, and need a second for any
// other.
func (c *crasher) tellEngine() {
	var rules []string
	for _, id := range c.ids {
		rules = append(rules, fmt.Sprintf(`{"do": "crash", "trace": %q, "times": 100}`, id))
	}
	c.engine.Script(`{"rules": [%s]}`, strings.Join(append(rules, `{"do": "slow", "ms": 1000}`), ","))
}

// loop makes one job after the other. Preparing takes longer than telling the engine.
func (c *crasher) loop(ctx context.Context, t *testing.T) {
	for ctx.Err() == nil {
		id := chaos.Create(t, c.user.Client, c.user.file)
		c.ids = append(c.ids, id)
		c.tellEngine()
		status, err := c.user.Watch(ctx, id, nil)
		if ctx.Err() != nil {
			return
		}
		letter := deadLetter(t, c.bus, id)
		if err != nil || status.Status != "failed" || status.Error == nil || status.Error.Code != "internal" ||
			letter.GetAttempts().GetAttempts() != work.MaxAttempts {
			t.Errorf("it ended %s, %+v, %v, with %v", status.Status, status.Error, err, letter)
			return
		}
		c.failed++
	}
}

func (c *crasher) crashes() (n int) {
	for rule := range c.ids {
		n += c.engine.Fired(rule)
	}
	return n
}
