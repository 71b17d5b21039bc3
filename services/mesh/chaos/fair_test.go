//go:build chaos

package chaos_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// crowd is how many jobs one user has waiting when another comes with one.
const crowd = 300

// readyFor is how many tasks the dispatcher keeps ready for so many workers: target
// in services/dispatcher/internal/scheduler.
func readyFor(slots int) int { return slots*5/4 + 2 }

// One user has three hundred jobs waiting when another comes with one. That one
// starts within (ready depth / slots + 1) task times: no more of the first user's
// jobs start between its creation and its start. Looked at where all jobs meet
// first, in the queue for preparing, with one slot.
func TestF21_oneJobBehindThreeHundred(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, "-preprocess.workers", "1")
	batch := chaos.NewBatch(t, site)
	ann := batch.User().Client()
	bob, file := chaos.SecondUser(t, site)
	hold(t, site.Bus, bus.ConsumerPre)
	ids := createCrowd(t, ann, batch.File(1))
	letGo(t, site.Bus, bus.ConsumerPre)
	testkit.Eventually(t, "the first of the crowd is done", func() bool { return batch.In("completed", ids[:20]) > 0 })

	id := chaos.Create(t, bob, file)
	one, err := bob.Watch(t.Context(), id, nil)
	if err != nil || one.Status != "completed" {
		t.Fatalf("it ended %s, %v", one.Status, err)
	}
	first, waiting := 0, 0
	for _, id := range ids {
		other, err := ann.Status(t.Context(), id)
		switch {
		case err != nil:
			t.Fatal(err)
		case other.StartedAt.IsZero():
			waiting++
		case other.StartedAt.After(one.CreatedAt) && other.StartedAt.Before(one.StartedAt):
			first++
		}
	}

	const slots = 1
	t.Logf("%d jobs started first, %d still wait", first, waiting)
	if most := readyFor(slots) + slots; first > most || waiting == 0 {
		t.Errorf("%d jobs started first, want at most %d; %d still wait", first, most, waiting)
	}
	site.Stop() // the rest is accepted, and would be done after the next start
}

// The same where a job waits longest, in the queue for transcribing: from when the
// one job's chunk is prepared to when it begins, no more chunks of the crowd begin
// than were ready for the slots, and one for each of these.
func TestF21_oneChunkBehindThreeHundred(t *testing.T) {
	t.Parallel()
	const slots, chunkTime, backlog = 2, time.Second, 30 // slots of a site
	site := chaos.StartSite(t)
	batch := chaos.NewBatch(t, site)
	bob, file := chaos.SecondUser(t, site)
	site.Engine.Script(`{"rules": [{"do": "slow", "ms": %d}]}`, chunkTime.Milliseconds())
	line := watchLine(t, site.Bus)
	hold(t, site.Bus, bus.ConsumerASR("demo"))
	createCrowd(t, batch.User().Client(), batch.File(1))
	testkit.Eventually(t, "chunks of the crowd wait", func() bool { ready, _ := line.lengths(); return ready >= backlog })
	letGo(t, site.Bus, bus.ConsumerASR("demo"))
	testkit.Eventually(t, "every slot has one", func() bool { _, begun := line.lengths(); return begun >= slots })

	id := chaos.Create(t, bob, file)
	if one, err := bob.Watch(t.Context(), id, nil); err != nil || one.Status != "completed" {
		t.Fatalf("it ended %s, %v", one.Status, err)
	}

	first, waiting, took := line.before(id)
	bound := float64(readyFor(slots))/slots + 1
	t.Logf("%d chunks began first, %d waited; it began after %.2f chunk times, want %.2f at most",
		first, waiting, took.Seconds()/chunkTime.Seconds(), bound)
	if most := readyFor(slots) + slots; first > most || waiting <= most {
		t.Errorf("%d chunks began first, want at most %d, of more that waited; %d did", first, most, waiting)
	}
	site.Stop() // the rest is accepted, and would be done after the next start
}

// createCrowd has all jobs of the crowd accepted.
func createCrowd(t *testing.T, user *client.Client, file string) []string {
	t.Helper()
	ids := make([]string, crowd)
	var creating sync.WaitGroup
	for lane := range 10 {
		creating.Go(func() {
			for n := lane; n < crowd; n += 10 {
				ids[n] = chaos.Create(t, user, file)
			}
		})
	}
	creating.Wait()
	return ids
}

// line is when the chunk of each job was ready, and when it began: as moments of the
// stream that all records are in.
type line struct {
	mu           sync.Mutex
	ready, begun map[string]moment // by job
}

type moment struct {
	revision uint64
	at       time.Time
}

// watchLine follows the records of jobs and runs from now on.
func watchLine(t *testing.T, b *bus.Bus) *line {
	t.Helper()
	kv, err := b.JS.KeyValue(t.Context(), job.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := kv.WatchFiltered(t.Context(), []string{"job.*", "att.*.*.asr.*"}, jetstream.UpdatesOnly())
	if err != nil {
		t.Fatal(err)
	}
	l := &line{ready: map[string]moment{}, begun: map[string]moment{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for entry := range watcher.Updates() {
			if entry != nil && entry.Operation() == jetstream.KeyValuePut {
				l.note(entry)
			}
		}
	}()
	t.Cleanup(func() { _ = watcher.Stop(); <-done })
	return l
}

// note keeps the first moment of each kind.
func (l *line) note(entry jetstream.KeyValueEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind, rest, _ := strings.Cut(entry.Key(), ".")
	id, _, _ := strings.Cut(rest, ".")
	moments := l.begun
	if kind == "job" {
		record := &jobv1.Job{}
		if proto.Unmarshal(entry.Value(), record) != nil || record.GetState() < jobv1.State_STATE_TRANSCRIBING {
			return
		}
		moments = l.ready
	}
	if _, found := moments[id]; !found {
		moments[id] = moment{entry.Revision(), entry.Created()}
	}
}

func (l *line) lengths() (ready, begun int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ready), len(l.begun)
}

// before returns how many other chunks began between a job's chunk being ready and its
// beginning, how many waited when it was ready, and how long it waited.
func (l *line) before(id string) (first, waiting int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, to := l.ready[id], l.begun[id]
	for other, ready := range l.ready {
		begun, has := l.begun[other]
		if other != id && ready.revision < from.revision && (!has || begun.revision > from.revision) {
			waiting++
		}
	}
	for _, begun := range l.begun {
		if begun.revision > from.revision && begun.revision < to.revision {
			first++
		}
	}
	return first, waiting, to.at.Sub(from.at)
}
