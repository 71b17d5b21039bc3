package storetest

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// feed is what happens to jobs of a user, each in its turn: 5 changes a job, every
// fourth job deleted in the end.
func feed(user string, jobs int) (changes []record.Change, live int64) {
	states := []jobv1.State{jobv1.State_STATE_QUEUED, jobv1.State_STATE_PREPROCESSING,
		jobv1.State_STATE_TRANSCRIBING, jobv1.State_STATE_ASSEMBLING}
	for _, state := range states {
		for n := range jobs {
			changes = append(changes, change(job(user, n, state), uint64(len(changes)+1)))
		}
	}
	for n := range jobs {
		last := record.Change{Job: job(user, n, jobv1.State_STATE_COMPLETED), Revision: uint64(len(changes) + 1), Transcript: words()}
		if n%4 == 3 {
			last = change(job(user, n, jobv1.State_STATE_DELETED), last.Revision)
		} else {
			live++
		}
		changes = append(changes, last)
	}
	return changes, live
}

// deliver records changes as a replica does that gets some twice and in batches of
// its own: what is newer may come before what is older.
func deliver(t *testing.T, store history.Store, changes []record.Change, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	mine := slices.Concat(changes, changes[:len(changes)/2])
	random.Shuffle(len(mine)/2, func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
	for len(mine) > 0 {
		n := min(1+random.IntN(20), len(mine))
		if err := store.Record(t.Context(), mine[:n]); err != nil {
			t.Error(err)
			return
		}
		mine = mine[n:]
	}
}

func isTheSameFromSeveralAtOnce(t *testing.T, store history.Store) {
	anns, annLive := feed("ann", 8)
	bobs, bobLive := feed("bob", 4)
	both := slices.Concat(anns, bobs)
	var replicas sync.WaitGroup
	for seed := range uint64(3) {
		replicas.Go(func() { deliver(t, store, both, seed) })
	}
	replicas.Wait()

	wantTotal(t, store, "ann", annLive)
	wantTotal(t, store, "bob", bobLive)
	for _, last := range slices.Concat(anns[len(anns)-8:], bobs[len(bobs)-4:]) {
		wantConfirmed(t, store, last.Job, last.Revision, true)
		if last.Job.GetState() == jobv1.State_STATE_COMPLETED {
			wantJob(t, store, last.Job, last.Revision)
		}
	}
}

func takesAThousandChangesAtOnce(t *testing.T, store history.Store) {
	changes, live := feed("ann", 200)

	mustRecord(t, store, changes...)
	mustRecord(t, store, changes...)

	wantTotal(t, store, "ann", live)
	last := changes[len(changes)-4]
	wantJob(t, store, last.Job, last.Revision)
}
