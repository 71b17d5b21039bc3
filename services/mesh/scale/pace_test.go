//go:build scale

package scale_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// pace is what the records of the jobs made from some moment on tell: how many
// chunks there are, and when each was done.
type pace struct {
	from time.Time

	mu   sync.Mutex
	jobs map[string]*jobv1.Job
	done []time.Time // in order
}

// follow takes the pace of the jobs that are made from now on, until the test ends.
func follow(t *testing.T, cluster *meshtest.Cluster) *pace {
	t.Helper()
	jobs, err := job.Open(t.Context(), cluster.Connect("dispatcher").JS)
	if err != nil {
		t.Fatal(err)
	}
	p := &pace{from: time.Now(), jobs: map[string]*jobv1.Job{}}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var following sync.WaitGroup
	following.Go(func() { _ = jobs.Follow(ctx, p.note) }) // ends with ctx; a feed that broke leaves a fact that never comes true
	t.Cleanup(func() { stop(); following.Wait() })
	return p
}

func (p *pace) note(event job.Event) {
	if event.Job == nil || event.Job.GetCreatedAt().AsTime().Before(p.from) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for range job.CountDone(event.Job) - job.CountDone(p.jobs[event.ID]) {
		p.done = append(p.done, event.Job.GetUpdatedAt().AsTime())
	}
	p.jobs[event.ID] = event.Job
}

// in counts the jobs that stand in a state.
func (p *pace) in(state jobv1.State) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, record := range p.jobs {
		if record.GetState() == state {
			n++
		}
	}
	return n
}

// chunks is how many there are, of all jobs that are prepared.
func (p *pace) chunks() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, record := range p.jobs {
		n += int(record.GetChunks())
	}
	return n
}

// times are when chunks were done, in order.
func (p *pace) times() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(slices.Values(p.done), time.Time.Compare)
}

// awaitDone waits until so many chunks are done. There is no limit but that
// something has to get done all the time.
func (p *pace) awaitDone(t *testing.T, chunks int) {
	t.Helper()
	for n := range chunks {
		testkit.Eventually(t, "one more chunk is done", func() bool { return len(p.times()) > n })
	}
}

// awaitJobs waits until so many jobs stand in a state, in the same way.
func (p *pace) awaitJobs(t *testing.T, jobs int, state jobv1.State) {
	t.Helper()
	for n := range jobs {
		testkit.Eventually(t, "one more job is "+state.String(), func() bool { return p.in(state) > n })
	}
}

// steady returns how many chunks a second got done while all replicas had work: from
// a moment when all are at it, to the one when there is not one left for each. It
// counts whole rounds of the replicas, since what takes the same time is done at
// the same time.
func (p *pace) steady(t *testing.T, replicas int, from time.Time) (rate float64, took time.Duration) {
	t.Helper()
	done := p.times()
	first := slices.IndexFunc(done, func(at time.Time) bool { return at.After(from) })
	rounds := (len(done) - 1 - replicas - first) / replicas
	if first < 0 || rounds < 1 {
		t.Fatalf("%d chunks are too few for %d replicas", len(done), replicas)
	}
	took = done[first+rounds*replicas].Sub(done[first])
	return float64(rounds*replicas) / took.Seconds(), took
}
