package history_test

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
)

// mesh is a history service with the parts around it.
type mesh struct {
	bus      *bus.Bus
	blobs    *faultyBlobs
	clock    *clock
	jobs     *job.Store
	path     string // of the database, if it is a file
	config   history.Config
	history  historyv1.HistoryServiceClient
	accounts accountv1.AccountServiceClient
	queries  *atomic.Int64
	service  *history.Service
	stop     func() error // ends Run
}

// faultyBlobs are blobs of which one can be on a bad sector of the disk.
type faultyBlobs struct {
	blob.Store
	bad   atomic.Value // its key, a string
	tried atomic.Int64 // how often it was to be read
}

func (f *faultyBlobs) Open(ctx context.Context, key string) (io.ReadSeekCloser, blob.Info, error) {
	if key == f.bad.Load() {
		f.tried.Add(1)
		return nil, blob.Info{}, syscall.EIO
	}
	return f.Store.Open(ctx, key)
}

// clock is the machine's, moved forward by the test.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

func newMesh(t *testing.T) *mesh {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	m := newMeshOn(t, history.Config{StoreURL: "sqlite:" + path})
	m.path = path
	return m
}

func newMeshOn(t *testing.T, config history.Config) *mesh {
	t.Helper()
	disk, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := &mesh{bus: testkit.Bus(t), blobs: &faultyBlobs{Store: disk}, clock: &clock{}, config: config, queries: &atomic.Int64{}}
	if m.jobs, err = job.Open(t.Context(), m.bus.JS); err != nil {
		t.Fatal(err)
	}
	m.start(t)
	return m
}

// start opens the service on the parts, as a new process would.
func (m *mesh) start(t *testing.T) {
	t.Helper()
	m.service, m.stop = m.replica(t)
	conn := rpc.NewInProcess(testkit.Log(t))
	m.service.Register(conn)
	m.history, m.accounts = historyv1.NewHistoryServiceClient(conn), accountv1.NewAccountServiceClient(conn)
}

// replica runs one more service on the same parts until stop is called or the test
// ends.
func (m *mesh) replica(t *testing.T) (service *history.Service, stop func() error) {
	t.Helper()
	service, err := history.New(t.Context(), m.config, history.Deps{
		NC: m.bus.NC, JS: m.bus.JS, Blobs: m.blobs, Log: testkit.Log(t),
		Observe: func(string, time.Duration) { m.queries.Add(1) }, Now: m.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	stop = func() error { cancel(); err := <-ended; ended <- err; return err }
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
	return service, stop
}

// create accepts a job of ann.
func (m *mesh) create(t *testing.T) *jobv1.Job {
	t.Helper()
	id, err := job.NewID()
	if err != nil {
		t.Fatal(err)
	}
	record := &jobv1.Job{Id: id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_QUEUED, CreatedAt: timestamppb.Now(),
		Options: &jobv1.Options{ResolvedModel: "demo", Language: "auto"}, Input: &jobv1.Input{FileId: "file1", Name: "a.mp3"}}
	if _, err := m.jobs.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return record
}

// move changes the state of a job and returns the new revision.
func (m *mesh) move(t *testing.T, id string, to jobv1.State, more func(*jobv1.Job)) uint64 {
	t.Helper()
	_, revision, err := m.jobs.Update(t.Context(), id, func(record *jobv1.Job) error {
		job.Advance(record, to, time.Now())
		if more != nil {
			more(record)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

// complete stores a transcript and finishes the job with it.
func (m *mesh) complete(t *testing.T, id string, transcript *jobv1.Transcript) uint64 {
	t.Helper()
	body, err := proto.Marshal(transcript)
	if err != nil {
		t.Fatal(err)
	}
	info, err := blob.Put(t.Context(), m.blobs, job.TranscriptBlobKey(id, 1, "test"), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []jobv1.State{jobv1.State_STATE_PREPROCESSING, jobv1.State_STATE_ASSEMBLING} {
		m.move(t, id, state, nil)
	}
	return m.move(t, id, jobv1.State_STATE_COMPLETED, func(record *jobv1.Job) {
		record.Transcript = &jobv1.BlobRef{Key: info.Key, Size: info.Size, Sha256: info.SHA256}
	})
}

func (m *mesh) waitFor(t *testing.T, id string, revision uint64) {
	t.Helper()
	testkit.Eventually(t, "the change is recorded", func() bool {
		reply, err := m.history.GetConfirmed(t.Context(), &historyv1.GetConfirmedRequest{JobId: id, Revision: revision})
		return err == nil && reply.GetConfirmed()
	})
}

// lock takes the write lock of the database, as a backup or a shell would.
func (m *mesh) lock(t *testing.T) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", m.path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	}
}

func TestNew_refusesAStoreItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "sqlite:", "history.db", "mysql://x"} {
		_, err := history.New(t.Context(), history.Config{StoreURL: url}, history.Deps{Log: testkit.Log(t)})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want invalid", url, err)
		}
	}
}
