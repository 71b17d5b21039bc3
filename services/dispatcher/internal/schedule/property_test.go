package schedule_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/schedule"
)

// TestLane_offersEveryTaskOnce holds for any jobs; removed ones are never
// offered, however much of them was.
func TestLane_offersEveryTaskOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		lane, want := drawLane(r)
		removed := map[string]bool{}
		seen := map[schedule.Pick]bool{}
		for {
			pick, ok := lane.Next()
			if !ok {
				break
			}
			if seen[pick] || removed[pick.JobID] {
				r.Fatalf("%v was offered twice, or after its job was removed", pick)
			}
			seen[pick] = true
			if rapid.IntRange(0, 9).Draw(r, "cancel") == 0 {
				lane.Remove(pick.JobID)
				removed[pick.JobID] = true
			}
		}
		for id, tasks := range want {
			for task := range tasks {
				if !removed[id] && !seen[schedule.Pick{JobID: id, Attempt: 1, Task: task}] {
					r.Fatalf("task %d of %s was never offered", task, id)
				}
			}
		}
	})
}

// TestLane_startsAShortJobSoon is one user's single job behind another's 300:
// it starts within (ready depth / slots + 1) task times.
func TestLane_startsAShortJobSoon(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		slots := rapid.IntRange(1, 8).Draw(r, "slots")
		depth := slots*5/4 + 2
		lane := schedule.NewLane(0, nil)
		for n := range 300 {
			lane.Put(work(fmt.Sprintf("a%03d", n), "a", 1))
		}
		before := rapid.IntRange(0, 250).Draw(r, "before") // tasks that ran before b came

		var ready []schedule.Pick
		refill := func() {
			for len(ready) < depth {
				pick, ok := lane.Next()
				if !ok {
					return
				}
				ready = append(ready, pick)
			}
		}
		refill()
		for range before / slots {
			ready = ready[min(slots, len(ready)):]
			refill()
		}
		lane.Put(work("b", "b", 1))

		rounds := 0
		for ; ; rounds++ { // each round, all slots take one task
			taken := ready[:min(slots, len(ready))]
			if len(taken) == 0 {
				r.Fatal("b was lost")
			}
			ready = ready[len(taken):]
			refill()
			for _, pick := range taken {
				if pick.JobID == "b" {
					if rounds > depth/slots+1 {
						r.Fatalf("b started after %d rounds with %d slots", rounds, slots)
					}
					return
				}
			}
		}
	})
}

// TestLane_starvesNoPriority: while all classes wait, normal gets a fifth of the
// audio and low a tenth, give or take one task.
func TestLane_starvesNoPriority(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		lane := schedule.NewLane(0, nil)
		costs := map[string]float64{}
		for id, priority := range map[string]jobv1.Priority{
			"high": jobv1.Priority_PRIORITY_HIGH, "normal": jobv1.Priority_PRIORITY_NORMAL, "low": jobv1.Priority_PRIORITY_LOW,
		} {
			w := work(id, "u", 10_000)
			w.Priority = priority
			w.Cost = rapid.Float64Range(1, 120).Draw(r, id)
			costs[id] = w.Cost
			lane.Put(w)
		}

		var total float64
		got := map[string]float64{}
		largest := max(costs["high"], costs["normal"], costs["low"])
		for range 3000 {
			pick, ok := lane.Next()
			if !ok {
				r.Fatal("the lane ran dry")
			}
			total += costs[pick.JobID]
			got[pick.JobID] += costs[pick.JobID]
			for id, least := range map[string]float64{"normal": 0.2, "low": 0.1} {
				if got[id] < least*total-2*largest {
					r.Fatalf("%s got %.0f of %.0f s", id, got[id], total)
				}
			}
		}
	})
}

func drawLane(r *rapid.T) (*schedule.Lane, map[string]uint32) {
	lane := schedule.NewLane(0, nil)
	want := map[string]uint32{}
	for n := range rapid.IntRange(0, 12).Draw(r, "jobs") {
		id := fmt.Sprintf("j%d", n)
		w := work(id, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "user"), rapid.Uint32Range(0, 6).Draw(r, "tasks"))
		w.Priority = jobv1.Priority(rapid.IntRange(0, 3).Draw(r, "priority"))
		w.Cost = rapid.Float64Range(0.1, 120).Draw(r, "cost")
		lane.Put(w)
		want[id] = w.Tasks
	}
	return lane, want
}
