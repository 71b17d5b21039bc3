//go:build scale

package scale_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/bench"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

const (
	chunkTime = 2 * time.Second // that the scripted engine takes for a chunk
	rounds    = 16              // chunks that there are for each replica, at least
	aim       = 0.9             // of what so many replicas would do if they were alone
)

// N transcribers do N times the work of one, nearly. They are processes of one slot
// each, whose engine takes a set time for a chunk without using a processor: so what
// is measured is the mesh between them, on however few cores.
func TestReplicas_doTheWorkOfAsMany(t *testing.T) {
	counts := []int{32, 16, 8, 4, 2, 1} // from all of them down: fewer have a fuller bus behind them
	cluster := meshtest.StartCluster(t, meshtest.Layout{
		Replicas: map[string]int{"transcriber": counts[0]},
		Flags: map[string][]string{
			"transcriber": {"-transcriber.slots", "1", "-models", scriptedModels(t)},
			"preprocess":  {"-preprocess.workers", "2"},
			"dispatcher":  {"-dispatcher.ahead", "0"}, // all is prepared first
		},
	})
	runs := map[int]run{}
	for _, n := range counts {
		runs[n] = measure(t, cluster, n)
		fmt.Printf("%d replicas: %.2f chunks/s\n", n, runs[n].rate)
	}

	var rows []bench.Row
	one := runs[1].rate
	for n := 1; n <= counts[0]; n *= 2 {
		rows = append(rows, runs[n].rows(n, one)...)
	}
	show(t, fmt.Sprintf("Transcriber replicas of one slot, scripted engine, %s a chunk of up to 30 s", chunkTime), rows)
	for n, r := range runs {
		if worth := r.rate / (float64(n) * one); worth < aim {
			t.Errorf("%d replicas do %.2f of the work of as many alone, want %.2f; the mesh took %s", n, worth, aim, r.spent.shares())
		}
	}
}

// scriptedModels is a folder with the demo model and how long its engine takes.
func scriptedModels(t *testing.T) string {
	t.Helper()
	const model = "ggml-demo-en-ru.bin"
	folder := t.TempDir()
	if err := os.Symlink(filepath.Join(testkit.Root(t), "deploy", "models", model), filepath.Join(folder, model)); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`{"rules": [{"do": "slow", "ms": %d}]}`, chunkTime.Milliseconds())
	if err := os.WriteFile(filepath.Join(folder, model+".script"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// run is what so many replicas did.
type run struct {
	rate   float64       // chunks a second
	took   time.Duration // that it was measured over
	chunks int           // that were done while processor time was
	spent  spent
}

// measure has more chunks prepared than so many replicas do in a while, and then
// lets them at it.
func measure(t *testing.T, cluster *meshtest.Cluster, replicas int) (r run) {
	t.Helper()
	for _, p := range cluster.Replicas["transcriber"] {
		p.Stop()
	}
	p := follow(t, cluster)
	jobs := prepare(t, cluster, p, replicas)
	working := cluster.Replicas["transcriber"][:replicas]
	for _, p := range working {
		p.Launch()
	}
	for _, p := range working {
		p.AwaitReady()
	}
	ready := time.Now()
	p.awaitDone(t, len(p.times())+2*replicas) // all have begun, and loaded the model
	begun, before := len(p.times()), look(t, cluster)
	p.awaitDone(t, p.chunks()-replicas)
	r.chunks, r.spent = len(p.times())-begun, look(t, cluster).since(before)
	p.awaitJobs(t, jobs, jobv1.State_STATE_COMPLETED)
	r.rate, r.took = p.steady(t, replicas, ready.Add(2*chunkTime))
	return r
}

// prepare makes jobs with rounds chunks or more for each replica, and returns how
// many when all are prepared.
func prepare(t *testing.T, cluster *meshtest.Cluster, p *pace, replicas int) (jobs int) {
	t.Helper()
	const chunks = 10 // of a job, or more
	recording := meshtest.Compose(t, meshtest.Composition{
		Language: "en", Seconds: 30 * chunks, Seed: uint64(replicas), Pause: func(r *rand.Rand) float64 { return 0.3 + r.Float64() },
	})
	user := cluster.Client(t)
	file := meshtest.Upload(t, user, recording.Path)
	jobs = (rounds*replicas + chunks - 1) / chunks
	for range jobs {
		if _, err := user.Create(t.Context(), client.NewJob{FileID: file, Model: "demo", Language: "en"}); err != nil {
			t.Fatal(err)
		}
	}
	p.awaitJobs(t, jobs, jobv1.State_STATE_TRANSCRIBING)
	if got := p.chunks(); got < rounds*replicas {
		t.Fatalf("%d jobs have only %d chunks", jobs, got)
	}
	return jobs
}

// rows compares so many replicas with as many times one.
func (r run) rows(n int, one float64) []bench.Row {
	name, all, chunk := "1 replica", float64(n), 1000/float64(r.chunks)
	if n > 1 {
		name = fmt.Sprintf("%d replicas", n)
	}
	return []bench.Row{
		row(name, r.rate, "chunks/s", fmt.Sprintf("engines alone: %.1f; over %.0f s", all/chunkTime.Seconds(), r.took.Seconds())),
		row("  to as many times one", r.rate/(all*one), "ratio", fmt.Sprintf("aim %.1f or more", aim)),
		row("  processor time of a chunk, whole mesh", chunk*r.spent.mesh(), "ms", r.spent.shares()),
		row("    transcriber and scripted engine", chunk*r.spent.transcribers, "ms", ""),
		row("    bus", chunk*r.spent.bus, "ms", ""),
	}
}
