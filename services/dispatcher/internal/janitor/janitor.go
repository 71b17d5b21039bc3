// Package janitor clears away what finished jobs leave behind: their pieces of
// audio and results at once, their records once history has them, and now and
// then everything that nothing refers to. It never touches what an unfinished
// job may need. Of users who are to be erased it removes everything, wherever it is
// (erase.go). Whatever it does can be done twice.
package janitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/index"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/tasks"
)

// Parts are what the janitor works with; all are needed.
type Parts struct {
	Index   *index.Index
	Jobs    *job.Store
	Files   *job.Files
	Tasks   *tasks.Queue
	Blobs   blob.Store
	History historyv1.HistoryServiceClient
	Cache   cachev1.CacheServiceClient
	// Told reports whether the hooks of a record at a revision are queued.
	Told   func(ctx context.Context, revision uint64) (bool, error)
	Erased *job.Erased // who is to be erased
	Log    *slog.Logger
}

// Times say when it works, and how long it leaves things.
type Times struct {
	Sweep     time.Duration // between sweeps
	Confirm   time.Duration // between looks for records that may go
	Grace     time.Duration // how long a finished record stays while there is room; a deleted one goes as soon as history knows
	FileGrace time.Duration // how long unreferenced recordings stay
	Erase     time.Duration // between looks for what is left of users to be erased
	Settle    time.Duration // how long after the last record of a user went its work may still leave something
}

// Janitor clears up.
type Janitor struct {
	Parts
	times  Times
	over   chan string // job ids
	sweep  chan struct{}
	erase  chan struct{}
	unused map[string]time.Time // blob key of a recording -> seen without a reference since
	busy   map[string]time.Time // user to be erased -> when a job's record was there for the last time
}

// New returns a janitor.
func New(parts Parts, times Times) *Janitor {
	return &Janitor{
		Parts: parts, times: times, over: make(chan string, 4096),
		sweep: make(chan struct{}, 1), erase: make(chan struct{}, 1), unused: map[string]time.Time{}, busy: map[string]time.Time{},
	}
}

// Finished asks that what a job needed be cleared away. It does not block; when
// too many wait, the job is left to the next sweep.
func (j *Janitor) Finished(id string) {
	select {
	case j.over <- id:
	default:
	}
}

// Sweep asks for a sweep before the next one is due.
func (j *Janitor) Sweep() {
	select {
	case j.sweep <- struct{}{}:
	default:
	}
}

// Erase asks for a look at erasures before the next one is due.
func (j *Janitor) Erase() {
	select {
	case j.erase <- struct{}{}:
	default:
	}
}

// Run works until ctx ends.
func (j *Janitor) Run(ctx context.Context) {
	sweep, confirm, erase := time.NewTicker(j.times.Sweep), time.NewTicker(j.times.Confirm), time.NewTicker(j.times.Erase)
	defer sweep.Stop()
	defer confirm.Stop()
	defer erase.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case id := <-j.over:
			err = j.clear(ctx, id)
		case <-j.sweep:
			err = j.sweepAll(ctx)
		case <-sweep.C:
			err = j.sweepAll(ctx)
		case <-confirm.C:
			err = j.purgeConfirmed(ctx)
		case <-j.erase:
			err = j.eraseAll(ctx)
		case <-erase.C:
			err = j.eraseAll(ctx)
		}
		if err != nil && ctx.Err() == nil {
			j.Log.Warn("not everything was cleared away; tried again later", "err", err)
		}
	}
}
