//go:build chaos

package chaos_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// A thousand jobs are completed by one and cancelled by another at the same moment:
// one of the two is told so and the other refused, and so it stays.
func TestF23_cancelRacesCompletionOnRecords(t *testing.T) {
	t.Parallel()
	chaos.Case(t)
	const races, abreast = 1000, 8
	b := testkit.Bus(t, "demo")
	jobs := records(t, b)
	var cancelled, completed atomic.Int64
	race := func(n int) {
		id := fmt.Sprintf("0198c0de-0000-7000-8000-%012d", n)
		if _, err := jobs.Create(t.Context(), &jobv1.Job{Id: id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_ASSEMBLING}); err != nil {
			t.Error(err)
			return
		}
		end := func(state jobv1.State) error {
			_, _, err := jobs.Update(t.Context(), id, func(record *jobv1.Job) error {
				job.Advance(record, state, time.Now())
				return nil
			})
			return err
		}
		var cancel error
		var racer sync.WaitGroup
		racer.Go(func() { cancel = end(jobv1.State_STATE_CANCELLED) })
		complete := end(jobv1.State_STATE_COMPLETED)
		racer.Wait()

		record, _, err := jobs.Get(t.Context(), id)
		switch {
		case err == nil && cancel == nil && fault.Is(complete, fault.Conflict) && record.GetState() == jobv1.State_STATE_CANCELLED:
			cancelled.Add(1)
		case err == nil && complete == nil && fault.Is(cancel, fault.Conflict) && record.GetState() == jobv1.State_STATE_COMPLETED:
			completed.Add(1)
		default:
			t.Errorf("cancel: %v, complete: %v, and it is %v, %v", cancel, complete, record.GetState(), err)
		}
	}
	var all sync.WaitGroup
	for lane := range abreast {
		all.Go(func() {
			for n := lane; n < races; n += abreast {
				race(n)
			}
		})
	}
	all.Wait()

	t.Logf("%d were cancelled, %d completed", cancelled.Load(), completed.Load())
	if cancelled.Load() == 0 || completed.Load() == 0 {
		t.Error("one of the two always won: this was no race")
	}
}

// Users cancel jobs at any moment of their life. Whoever was told that the job is
// cancelled never gets a transcript of it; whoever was refused has one.
func TestF23_cancelAtAnyMoment(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, tidies...)
	batch := chaos.NewBatch(t, site)
	user := batch.User().Client()
	site.Engine.Script(`{"rules": [{"do": "slow", "ms": 30}]}`)
	random := rand.New(rand.NewPCG(23, 0))
	var ends []string
	for n := range 40 {
		status, err := user.Create(t.Context(), client.NewJob{FileID: batch.File(1 + n%2), Model: "demo", Language: "en"})
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, status.TaskID)
	}
	told := make([]error, len(ends))
	var cancelling sync.WaitGroup
	for n, id := range ends {
		moment := time.Duration(random.Int64N(int64(8 * time.Second)))
		cancelling.Go(func() {
			pause(moment)
			told[n] = user.Cancel(t.Context(), id)
		})
	}
	cancelling.Wait()

	counts := map[string]int{}
	for n, id := range ends {
		status, err := user.Watch(t.Context(), id, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, words := user.Download(t.Context(), id, "text")
		counts[status.Status]++
		if told[n] == nil && (status.Status != "cancelled" || words == nil) || told[n] != nil && (status.Status != "completed" || words != nil) {
			t.Errorf("cancel: %v, and it ended %s; download: %v", told[n], status.Status, words)
		}
	}
	t.Logf("%v", counts)
	chaos.NothingLeft(t, site.Bus)
	testkit.Eventually(t, "nothing is stored of the cancelled ones", func() bool {
		return files(t, filepath.Join(site.Data, "blobs", "jobs")) == counts["completed"]+2 // and the undisturbed two
	})
}

// The bus is away when a user wants to cancel: they are told to come again, and no
// lie. Cancelled afterwards, the work stops though the engine would never end.
func TestF23_cancelWhileTheBusIsAway(t *testing.T) {
	t.Parallel()
	server := chaos.StartServer(t)
	site := chaos.StartSite(t, append(tidies, "-bus.url", server.URL())...)
	batch := chaos.NewBatch(t, site)
	site.Engine.Script(`{"rules": [{"do": "hang", "times": 100}]}`)
	id := batch.Create(1)[0]
	testkit.Eventually(t, "it is at work", func() bool { return site.Engine.Fired(0) == 1 })
	impatient := impatientUser(t, site.URL)

	server.Stop()
	var problem *client.Problem
	if err := impatient.Cancel(t.Context(), id); !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable || problem.RetryAfter == 0 {
		t.Errorf("while the bus is away: %v", err)
	}
	if status, err := impatient.Status(t.Context(), id); err == nil && status.Status == "cancelled" {
		t.Error("a cancellation that was refused is shown")
	}
	server.Start()

	testkit.Eventually(t, "it is cancelled", func() bool { return impatient.Cancel(t.Context(), id) == nil })
	testkit.Eventually(t, "the work has stopped", func() bool {
		asr := chaos.Consumer(t, site.Bus, bus.StreamTasks, bus.ConsumerASR("demo"))
		return asr != nil && asr.NumAckPending == 0
	})
	if status, err := impatient.Status(t.Context(), id); err != nil || status.Status != "cancelled" {
		t.Errorf("it is %s, %v", status.Status, err)
	}
	chaos.NothingLeft(t, site.Bus)
}

// impatientUser is the account of tests with a client that asks once only: whoever
// is told to come again in an hour is not waited for.
func impatientUser(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: url, HTTP: &http.Client{Transport: anHour{}}})
	if err == nil {
		err = c.Login(t.Context(), meshtest.User, meshtest.Password)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type anHour struct{}

// RoundTrip makes of every time to come again an hour.
func (anHour) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && resp.Header.Get("Retry-After") != "" {
		resp.Header.Set("Retry-After", "3600")
	}
	return resp, err
}

// files counts the files below a folder.
func files(t *testing.T, folder string) (n int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			n++
		}
		if errors.Is(err, os.ErrNotExist) { // it went while we looked
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
