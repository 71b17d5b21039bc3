// Package janitor clears away what finished jobs leave behind: their pieces of
// audio and results at once, their records once history has them, and now and
// then everything that nothing refers to. It never touches what an unfinished
// job may need, and whatever it does can be done twice.
package janitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
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
	Log     *slog.Logger
}

// Times say when it works, and how long it leaves things.
type Times struct {
	Sweep     time.Duration // between sweeps
	Confirm   time.Duration // between looks for records that may go
	Grace     time.Duration // how long a finished record stays while there is room; a deleted one goes as soon as history knows
	FileGrace time.Duration // how long unreferenced recordings stay
}

// Janitor clears up.
type Janitor struct {
	Parts
	times  Times
	over   chan string // job ids
	sweep  chan struct{}
	unused map[string]time.Time // blob key of a recording -> seen without a reference since
}

// New returns a janitor.
func New(parts Parts, times Times) *Janitor {
	return &Janitor{
		Parts: parts, times: times, over: make(chan string, 4096),
		sweep: make(chan struct{}, 1), unused: map[string]time.Time{},
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

// Run works until ctx ends.
func (j *Janitor) Run(ctx context.Context) {
	sweep, confirm := time.NewTicker(j.times.Sweep), time.NewTicker(j.times.Confirm)
	defer sweep.Stop()
	defer confirm.Stop()
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
		}
		if err != nil && ctx.Err() == nil {
			j.Log.Warn("not everything was cleared away; tried again later", "err", err)
		}
	}
}
