package schedule_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/dispatcher/internal/schedule"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestLane_servesAUsersOldestJobFirst(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(0, nil)
	young, old := work("young", "u", 1), work("old", "u", 2)
	young.Created = start.Add(time.Hour)
	lane.Put(young)
	lane.Put(old)

	got := jobsOf(drain(lane))

	if want := []string{"old", "old", "young"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLane_alternatesBetweenUsersByAudioSeconds(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(0, nil)
	long, short := work("long", "a", 10), work("short", "b", 10)
	long.Cost, short.Cost = 30, 10
	lane.Put(long)
	lane.Put(short)

	spent := map[string]float64{}
	for range 8 { // while both wait
		pick, _ := lane.Next()
		spent[pick.JobID] += map[string]float64{"long": 30, "short": 10}[pick.JobID]
	}

	if apart := spent["long"] - spent["short"]; apart > 30 || apart < -30 {
		t.Errorf("shares %v are more than one task apart", spent)
	}
}

func TestLane_offersTheLeadAloneUntilItIsDone(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(0, nil)
	w := work("j", "u", 3)
	w.Lead = 2
	lane.Put(w)

	first := drain(lane)
	w.Done = func(task uint32) bool { return task == 2 }
	lane.Put(w)
	rest := drain(lane)

	if len(first) != 1 || first[0].Task != 2 {
		t.Errorf("first %v, want task 2 alone", first)
	}
	if len(rest) != 2 || rest[0].Task != 0 || rest[1].Task != 1 {
		t.Errorf("then %v, want tasks 0 and 1", rest)
	}
}

func TestLane_holdsBackWhatWasNotOfferedBefore(t *testing.T) {
	t.Parallel()
	held := false
	lane := schedule.NewLane(0, func(userID string, priority jobv1.Priority) bool {
		return held && userID == "a" && priority == jobv1.Priority_PRIORITY_LOW
	})
	for _, w := range []schedule.Work{work("begun", "a", 1), work("new", "a", 1), work("others", "b", 1)} {
		w.Priority = jobv1.Priority_PRIORITY_LOW
		lane.Put(w)
	}
	lane.Next() // begun
	held = true

	got := jobsOf(drain(lane))
	waits := lane.Waiting()
	lane.Recheck()
	again := jobsOf(drain(lane))
	held = false

	if want := []string{"others"}; !slices.Equal(got, want) || waits {
		t.Errorf("got %v, want %v and nothing waiting", got, want)
	}
	if want := []string{"begun", "others"}; !slices.Equal(again, want) {
		t.Errorf("after a recheck got %v, want %v", again, want)
	}
	if rest, want := jobsOf(drain(lane)), []string{"new"}; !slices.Equal(rest, want) {
		t.Errorf("at last got %v, want %v", rest, want)
	}
}

func TestLane_boundsTheOpenTasksOfAUser(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(2, nil)
	greedy := work("greedy", "a", 9)
	urgent := work("urgent", "a", 9)
	urgent.Priority = jobv1.Priority_PRIORITY_HIGH
	lane.Put(greedy)
	lane.Put(urgent)
	lane.Put(work("modest", "b", 1))

	got := jobsOf(drain(lane))
	urgent.Done = func(task uint32) bool { return task == 0 }
	lane.Put(urgent)
	after := jobsOf(drain(lane))

	if want := []string{"urgent", "urgent", "modest"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if want := []string{"urgent"}; !slices.Equal(after, want) {
		t.Errorf("after one was done got %v, want %v", after, want)
	}
}

func TestLane_offersAgainWhatWasReturned(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(0, nil)
	lane.Put(work("j", "u", 2))
	pick, _ := lane.Next()

	lane.Return(pick)

	if got := drain(lane); len(got) != 2 || got[0] != pick {
		t.Errorf("got %v, want %v first", got, pick)
	}
}

func TestLane_rechecksWithoutCharging(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(0, nil)
	lane.Put(work("a", "a", 2))
	lane.Put(work("b", "b", 4))
	drain(lane)

	lane.Recheck()
	again := drain(lane)

	if len(again) != 6 {
		t.Errorf("%d tasks were offered again, want 6", len(again))
	}
	lane.Put(work("c", "a", 1))
	lane.Put(work("d", "b", 1))
	if next, _ := lane.Next(); next.JobID != "c" {
		t.Errorf("%s goes next, but user a was given less", next.JobID)
	}
}

func TestLane_countsWhatIsQueuedThroughARecheck(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(2, nil)
	lane.Put(work("j", "u", 5))
	before := drain(lane)
	urgent := work("urgent", "u", 5)
	urgent.Priority = jobv1.Priority_PRIORITY_HIGH
	lane.Put(urgent) // it would go first

	lane.Recheck()
	after := drain(lane)

	if len(before) != 2 || !slices.Equal(before, after) {
		t.Errorf("offered %v and then %v, want the same two tasks", before, after)
	}
}

func TestLane_remembersWhatAUserGotWhoComesBack(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(0, nil)
	lane.Put(work("patient", "b", 20))
	for n := range 2 { // user a comes with one long task after another
		long := work(fmt.Sprint("long", n), "a", 1)
		long.Cost = 100
		lane.Put(long)
		var between int
		for pick := (schedule.Pick{}); pick.JobID != long.JobID; between++ {
			pick, _ = lane.Next()
		}
		lane.Remove(long.JobID)

		if n == 1 && between != 1+10 {
			t.Errorf("%d tasks of user b went before the second long one, want as much audio as the first had", between-1)
		}
	}
}

func TestLane_forgetsTheOffersOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	lane := schedule.NewLane(0, nil)
	w := work("j", "u", 2)
	lane.Put(w)
	drain(lane)

	w.Attempt = 2
	lane.Put(w)

	if got := drain(lane); len(got) != 2 || got[0].Attempt != 2 {
		t.Errorf("got %v, want both tasks of attempt 2", got)
	}
}

func work(id, user string, tasks uint32) schedule.Work {
	return schedule.Work{
		JobID: id, UserID: user, Attempt: 1, Created: start, Tasks: tasks, Cost: 10, Lead: -1,
		Done: func(uint32) bool { return false },
	}
}

func drain(lane *schedule.Lane) []schedule.Pick {
	var picks []schedule.Pick
	for {
		pick, ok := lane.Next()
		if !ok {
			return picks
		}
		picks = append(picks, pick)
	}
}

func jobsOf(picks []schedule.Pick) []string {
	ids := make([]string, len(picks))
	for n, pick := range picks {
		ids[n] = pick.JobID
	}
	return ids
}

func BenchmarkLane_thousandUsersWithTenJobs(b *testing.B) {
	lane := schedule.NewLane(0, nil)
	for u := range 1000 {
		for j := range 10 {
			lane.Put(work(fmt.Sprintf("j%d-%d", u, j), fmt.Sprintf("u%d", u), 1<<20))
		}
	}
	for b.Loop() {
		lane.Next()
	}
}
