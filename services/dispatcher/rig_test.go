package dispatcher_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher"
)

// rig is a bus and a blob store with the parts of a mesh that a dispatcher
// meets. Dispatchers and workers come and go as a test tells.
type rig struct {
	*bus.Bus
	jobs    *job.Store
	files   *job.Files
	control *job.Control
	blobs   *blob.Disk
	store   blob.Store // what dispatchers see of blobs
	history *history
	client  historyv1.HistoryServiceClient
	cache   *shelf
	shelf   cachev1.CacheServiceClient
	cfg     dispatcher.Config
}

func newRig(t testing.TB) *rig {
	t.Helper()
	b := testkit.Bus(t, "demo")
	r := &rig{Bus: b, history: &history{}, cache: &shelf{}, cfg: quickConfig()}
	var err error
	if r.jobs, err = job.Open(t.Context(), b.JS); err != nil {
		t.Fatal(err)
	}
	if r.files, err = job.OpenFiles(t.Context(), b.JS); err != nil {
		t.Fatal(err)
	}
	if r.control, err = job.NewControl(b.NC); err != nil {
		t.Fatal(err)
	}
	if r.blobs, err = blob.NewDisk(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	r.store = r.blobs
	conn := rpc.NewInProcess(testkit.Log(t))
	historyv1.RegisterHistoryServiceServer(conn, r.history)
	r.client = historyv1.NewHistoryServiceClient(conn)
	cachev1.RegisterCacheServiceServer(conn, r.cache)
	r.shelf = cachev1.NewCacheServiceClient(conn)
	return r
}

// quickConfig mends and clears up within moments, so that a test sees it. What
// must work without that is tested with slowConfig.
func quickConfig() dispatcher.Config {
	cfg := dispatcher.DefaultConfig()
	cfg.Tick, cfg.Reconcile = 20*time.Millisecond, 100*time.Millisecond
	cfg.Sweep, cfg.Confirm, cfg.FileGrace = 100*time.Millisecond, 50*time.Millisecond, 300*time.Millisecond
	cfg.Erase, cfg.Settle = 50*time.Millisecond, 500*time.Millisecond
	return cfg
}

// slowConfig leaves everything to the news: nothing is mended during a test.
func slowConfig() dispatcher.Config {
	cfg := dispatcher.DefaultConfig()
	cfg.Tick, cfg.Reconcile, cfg.Sweep, cfg.Confirm, cfg.Erase = time.Hour, time.Hour, time.Hour, time.Hour, time.Hour
	return cfg
}

// dispatcher starts one; stop ends it and waits.
func (r *rig) dispatcher(t testing.TB) (stop func()) {
	t.Helper()
	service, err := dispatcher.New(r.cfg, dispatcher.Deps{
		Bus: r.Bus, Jobs: r.jobs, Files: r.files, Blobs: r.store, History: r.client, Cache: r.shelf, Log: testkit.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = service.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

// accept does what the gateway does for a 201. change may be nil.
func (r *rig) accept(t testing.TB, user string, chunks int, change func(*jobv1.Job)) (id string) {
	t.Helper()
	id, err := job.NewID()
	if err != nil {
		t.Fatal(err)
	}
	record := &jobv1.Job{
		Id: id, UserId: user, State: jobv1.State_STATE_QUEUED, Attempt: 1,
		Options: &jobv1.Options{Model: "demo", ResolvedModel: "demo", Language: "en"},
		// The workers of this rig make as many chunks as the name says.
		Input:     &jobv1.Input{FileId: "f", Name: fmt.Sprint(chunks), BlobKey: job.FileBlobKey(user, "aabbcc"), Size: 1 << 20},
		CreatedAt: timestamppb.New(time.Now()),
	}
	if change != nil {
		change(record)
	}
	if _, err := r.jobs.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return id
}

func (r *rig) get(t testing.TB, id string) *jobv1.Job {
	t.Helper()
	record, _, err := r.jobs.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// await waits until a job is in a state, and returns its record.
func (r *rig) await(t testing.TB, id string, state jobv1.State) *jobv1.Job {
	t.Helper()
	var record *jobv1.Job
	testkit.Eventually(t, fmt.Sprintf("job %s becomes %v", id, state), func() bool {
		record = r.get(t, id)
		if job.Terminal(record.GetState()) && record.GetState() != state {
			t.Fatalf("job %s became %v (%v), want %v", id, record.GetState(), record.GetError(), state)
		}
		return record.GetState() == state
	})
	return record
}

// end moves a job to cancelled or deleted, as the gateway does.
func (r *rig) end(t testing.TB, id string, state jobv1.State) error {
	t.Helper()
	_, _, err := r.jobs.Update(t.Context(), id, func(record *jobv1.Job) error {
		job.Advance(record, state, time.Now())
		return nil
	})
	if err == nil {
		_ = r.control.Cancel(t.Context(), id)
		_ = r.jobs.PurgeTasks(t.Context(), id)
	}
	return err
}

// leftovers returns what is still stored of a job beside its record.
func (r *rig) leftovers(t testing.TB, id string) []string {
	t.Helper()
	var left []string
	facts, err := r.jobs.FactIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range facts {
		if other == id {
			left = append(left, "facts")
		}
	}
	blobs, err := r.blobs.List(t.Context(), job.BlobPrefix(id))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blobs {
		left = append(left, b.Key)
	}
	return left
}

// queued returns the number of messages in the TASKS stream.
func (r *rig) queued(t testing.TB) uint64 {
	t.Helper()
	stream, err := r.JS.Stream(t.Context(), bus.StreamTasks)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

// history has every job at once, unless it is down or behind.
type history struct {
	historyv1.UnimplementedHistoryServiceServer
	down, behind atomic.Bool
	asked        atomic.Int64 // times
	erasures     atomic.Int64 // times that a user was to be erased

	mu  sync.Mutex
	ids map[string][]string // jobs by user
}

// had notes jobs of a user.
func (h *history) had(user string, ids ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ids == nil {
		h.ids = map[string][]string{}
	}
	h.ids[user] = append(h.ids[user], ids...)
}

// kept returns the jobs of a user.
func (h *history) kept(user string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ids[user]
}

func (h *history) EraseUser(_ context.Context, req *historyv1.EraseUserRequest) (*historyv1.EraseUserResponse, error) {
	h.erasures.Add(1)
	if h.down.Load() {
		return nil, fault.New(fault.Unavailable, "sql_down", "Try again later.")
	}
	return &historyv1.EraseUserResponse{JobIds: h.kept(req.GetUserId())}, nil
}

func (h *history) GetConfirmed(context.Context, *historyv1.GetConfirmedRequest) (*historyv1.GetConfirmedResponse, error) {
	defer h.asked.Add(1)
	if h.down.Load() {
		return nil, fault.New(fault.Unavailable, "sql_down", "Try again later.")
	}
	return &historyv1.GetConfirmedResponse{Confirmed: !h.behind.Load()}, nil
}
