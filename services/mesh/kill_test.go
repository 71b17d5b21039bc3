package mesh_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

const jobsUnderFire = 20

// blow kills something of a mesh; false: it is not running just now.
type blow func(*testing.T, *meshtest.Process) bool

func wholeProcess(t *testing.T, p *meshtest.Process) bool {
	p.Kill(t)
	p.Again(t)
	return true
}

func enginesOnly(_ *testing.T, p *meshtest.Process) bool { return killChildren(p, "whisper-engine") }

func ffmpegOnly(_ *testing.T, p *meshtest.Process) bool { return killChildren(p, "ffmpeg") }

// Whatever is killed, and whenever: each job that was accepted is completed once.
// The short form takes turns, ten blows of each kind on the same jobs.
func TestKill_losesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	if !long() {
		underFire(t, 30, wholeProcess, enginesOnly, ffmpegOnly)
		return
	}
	for name, one := range map[string]blow{"whole process": wholeProcess, "engines only": enginesOnly, "ffmpeg only": ffmpegOnly} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			underFire(t, 50, one)
		})
	}
}

// pace is the longest time between two blows: enough for most engines to get
// ready, because one that is killed while it loads is started again later and later.
// The short form takes turns and hits each kind of process less often.
func pace() time.Duration {
	if long() {
		return 4 * time.Second
	}
	return 2 * time.Second
}

// killChildren kills the children of that name, if there is one now.
func killChildren(p *meshtest.Process, name string) bool {
	hit := false
	for _, pid := range meshtest.Children(p.PID(), name) {
		hit = syscall.Kill(pid, syscall.SIGKILL) == nil || hit
	}
	return hit
}

// underFire keeps twenty jobs running while the blows fall in turn at random
// moments, and then checks that every job that was accepted is completed, once,
// with the same transcript as without any of this.
func underFire(t *testing.T, times int, blows ...blow) {
	t.Helper()
	random := rand.New(rand.NewPCG(11, uint64(times)))
	p := meshtest.Start(t)
	c := p.Client(t)
	files, expected := undisturbed(t, c)
	before := total(t, c)

	jobs := &accepted{}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var submitting sync.WaitGroup
	for n := range jobsUnderFire {
		submitting.Go(func() { jobs.keepRunning(ctx, t, c, files[n%len(files)]) })
	}
	for n := range times {
		wait(time.Duration(random.Int64N(int64(pace()))))
		for strike := blows[n%len(blows)]; !strike(t, p); {
			wait(time.Duration(random.Int64N(int64(300 * time.Millisecond))))
		}
	}
	stop()
	submitting.Wait()

	done := jobs.all()
	t.Logf("%d jobs were accepted while something was killed %d times", len(done), times)
	for id, file := range done {
		if got := meshtest.Await(t, c, id); !reflect.DeepEqual(got, expected[file]) {
			t.Errorf("job %s differs from the undisturbed run:\n%s\n%s", id, got.Text, expected[file].Text)
		}
	}
	// A job whose answer was cut off may be there beside them, and no other.
	if more := total(t, c) - before; more < int64(len(done)) || more > int64(len(done))+jobs.unanswered.Load() {
		t.Errorf("the history has %d jobs more, want %d, and up to %d that got no answer", more, len(done), jobs.unanswered.Load())
	}
	nothingLeft(t, p, done)
}

// undisturbed stores some recordings and transcribes each once.
func undisturbed(t *testing.T, c *client.Client) (files []string, results map[string]meshtest.Result) {
	t.Helper()
	results = map[string]meshtest.Result{}
	for i, language := range []string{"en", "ru", "en", "ru"} {
		seconds := 8.0 // one chunk
		if long() || i == 0 {
			seconds = 35 // several
		}
		recording := meshtest.Compose(t, meshtest.Composition{
			Language: language, Seconds: seconds, Pause: meshtest.Pauses, Seed: uint64(i),
		})
		id := meshtest.Upload(t, c, recording.Path)
		job, err := c.Create(t.Context(), order(id))
		if err != nil {
			t.Fatal(err)
		}
		files, results[id] = append(files, id), meshtest.Await(t, c, job.TaskID)
	}
	return files, results
}

// order asks for the narrowest search: what counts is that the words are the same,
// and it takes half the time.
func order(file string) client.NewJob {
	return client.NewJob{FileID: file, Model: "demo", Language: "auto", WordTimestamps: true, BeamSize: 1}
}

// accepted are the jobs that got their 201, and the file of each.
type accepted struct {
	unanswered atomic.Int64 // creates that ended with an error

	mu    sync.Mutex
	files map[string]string
}

func (a *accepted) add(id, file string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.files == nil {
		a.files = map[string]string{}
	}
	a.files[id] = file
}

func (a *accepted) all() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.files
}

// keepRunning submits a job, and the next when it is done, until ctx ends. What
// fails while the server is away is tried again, as a client would.
func (a *accepted) keepRunning(ctx context.Context, t *testing.T, c *client.Client, file string) {
	for ctx.Err() == nil {
		job, err := c.Create(ctx, order(file))
		if err != nil {
			a.unanswered.Add(1)
			tolerate(ctx, t, err)
			wait(50 * time.Millisecond)
			continue
		}
		a.add(job.TaskID, file)
		for ctx.Err() == nil {
			status, err := c.Status(ctx, job.TaskID)
			tolerate(ctx, t, err)
			if err == nil && status.Terminal() {
				break
			}
			wait(100 * time.Millisecond)
		}
	}
}

// tolerate accepts what a client may see while a server dies: no answer, or a
// 503. Anything else is a fault of ours; a 404 would be a lost job.
func tolerate(ctx context.Context, t *testing.T, err error) {
	t.Helper()
	var problem *client.Problem
	if err == nil || ctx.Err() != nil {
		return
	}
	if errors.As(err, &problem) && problem.Status != 503 {
		t.Errorf("the server answered %v", err)
	}
}

// wait is the pace of the test, not a wait for a fact.
func wait(d time.Duration) { <-time.After(d) }

func total(t *testing.T, c *client.Client) int64 {
	t.Helper()
	page, err := c.History(t.Context(), 1, "")
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

// nothingLeft checks that finished jobs keep their records and transcripts and
// nothing else, and that each was completed by its first attempt. It stops the mesh.
func nothingLeft(t *testing.T, p *meshtest.Process, done map[string]string) {
	t.Helper()
	testkit.Eventually(t, "only transcripts are left of the jobs", func() bool {
		return len(filesBelow(t, filepath.Join(p.Data, "blobs", "jobs"), "transcript-")) == 0 &&
			len(filesBelow(t, filepath.Join(p.Data, "blobs", ".tmp"), "")) == 0 &&
			len(filesBelow(t, filepath.Join(p.Data, "scratch"), "")) == 0
	})
	p.Stop()
	embedded, err := bus.StartEmbedded(filepath.Join(p.Data, "bus"), testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	defer embedded.Stop()
	b, err := embedded.Connect("test", testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	jobs, err := job.Open(t.Context(), b.JS)
	if err != nil {
		t.Fatal(err)
	}
	for id := range done {
		record, _, err := jobs.Get(t.Context(), id)
		if err != nil || record.GetState() != jobv1.State_STATE_COMPLETED || record.GetAttempt() != 1 {
			t.Errorf("job %s is %v in attempt %d, %v; want completed in the first", id, record.GetState(), record.GetAttempt(), err)
		}
	}
	if ids, err := jobs.FactIDs(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("plans, results or counters are left of %v, %v", ids, err)
	}
	tasks, err := b.JS.Stream(t.Context(), bus.StreamTasks)
	if err != nil {
		t.Fatal(err)
	}
	if n := tasks.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d tasks are left in the queue", n)
	}
}

// filesBelow lists the files below a folder but those whose names begin like but;
// all when it is empty.
func filesBelow(t *testing.T, folder, but string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // it went while we looked
		}
		if err == nil && !entry.IsDir() && (but == "" || !strings.HasPrefix(entry.Name(), but)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
