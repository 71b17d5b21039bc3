//go:build chaos

package chaos_test

import (
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// One user has three hundred jobs waiting when another comes with one. That one
// starts within (ready depth / slots + 1) task times: no more of the first user's
// jobs start between its creation and its start. Looked at where all jobs meet
// first, in the queue for preparing, with one slot.
func TestF21_oneJobBehindThreeHundred(t *testing.T) {
	t.Parallel()
	const crowd = 300
	site := chaos.StartSite(t, "-preprocess.workers", "1")
	batch := chaos.NewBatch(t, site)
	ann := batch.User().Client()
	bob, file := chaos.SecondUser(t, site)
	hold(t, site.Bus, bus.ConsumerPre)
	ids := make([]string, crowd)
	var creating sync.WaitGroup
	for lane := range 10 {
		creating.Go(func() {
			for n := lane; n < crowd; n += 10 {
				ids[n] = chaos.Create(t, ann, batch.File(1))
			}
		})
	}
	creating.Wait()
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

	const slots, depth = 1, 1*5/4 + 2 // a quarter more than the slots, and two
	t.Logf("%d jobs started first, %d still wait", first, waiting)
	if most := depth + slots; first > most || waiting == 0 {
		t.Errorf("%d jobs started first, want at most %d; %d still wait", first, most, waiting)
	}
	site.Stop() // the rest is accepted, and would be done after the next start
}
