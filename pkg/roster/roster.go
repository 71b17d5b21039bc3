// Package roster tells who works for the mesh. Workers announce themselves on the
// core subject wrk.v1.hb.<stage>.<instance>; whoever wants to know follows. Notes
// may be lost: nothing is decided by them that would lose a job.
package roster

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const (
	// every is how often a worker speaks up that has nothing new to say.
	every = 5 * time.Second
	// look is how often it looks whether it has.
	look = 250 * time.Millisecond
	// Patience is after how long without a word a worker counts as gone. Two of its
	// notes may be lost.
	Patience = 3 * every
)

// AllSubjects matches the notes of every worker.
const AllSubjects = "wrk.v1.hb.>"

// Subject is where a worker announces itself.
func Subject(beat *jobv1.WorkerBeat) string {
	stage := "pre"
	if beat.GetStage() == jobv1.Stage_STAGE_ASR {
		stage = "asr"
	}
	return "wrk.v1.hb." + stage + "." + job.Token(beat.GetInstance())
}

// Announce tells of a worker until ctx ends, and then that it stops. beat is asked
// often and says how the worker is now.
func Announce(ctx context.Context, nc *nats.Conn, beat func() *jobv1.WorkerBeat) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	var told *jobv1.WorkerBeat
	var at time.Time
	for {
		if now := beat(); !proto.Equal(now, told) || time.Since(at) >= every {
			publish(nc, now)
			told, at = now, time.Now()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			last := beat()
			last.Draining = true
			publish(nc, last)
			return
		}
	}
}

// publish drops what the bus does not take: the next note says the same.
func publish(nc *nats.Conn, beat *jobv1.WorkerBeat) {
	if data, err := proto.Marshal(beat); err == nil {
		_ = nc.Publish(Subject(beat), data)
	}
}

// Roster is who was heard of lately.
type Roster struct {
	sub *nats.Subscription

	mu      sync.Mutex
	workers map[string]heard
}

type heard struct {
	beat *jobv1.WorkerBeat
	at   time.Time
}

// Follow listens from now on; Close ends that.
func Follow(nc *nats.Conn) (*Roster, error) {
	r := &Roster{workers: map[string]heard{}}
	sub, err := nc.Subscribe(AllSubjects, r.receive)
	if err != nil {
		return nil, fmt.Errorf("subscribe to workers: %w", err)
	}
	r.sub = sub
	return r, nil
}

// Close ends the subscription.
func (r *Roster) Close() error { return r.sub.Unsubscribe() }

// Workers returns the newest notes of a stage's workers that are there and not
// about to stop, in the order of their names. They are not to be changed.
func (r *Roster) Workers(stage jobv1.Stage) []*jobv1.WorkerBeat {
	r.mu.Lock()
	defer r.mu.Unlock()
	var there []*jobv1.WorkerBeat
	for name, worker := range r.workers {
		switch {
		case time.Since(worker.at) > Patience:
			delete(r.workers, name)
		case worker.beat.GetStage() == stage:
			there = append(there, worker.beat)
		}
	}
	slices.SortFunc(there, func(a, b *jobv1.WorkerBeat) int {
		if a.GetInstance() < b.GetInstance() {
			return -1
		}
		return 1
	})
	return there
}

// LoadedModels returns the catalogue names of the models in the memory of any
// worker, each once.
func (r *Roster) LoadedModels() []string {
	var models []string
	for _, worker := range r.Workers(jobv1.Stage_STAGE_ASR) {
		models = append(models, worker.GetLoadedModels()...)
	}
	slices.Sort(models)
	return slices.Compact(models)
}

func (r *Roster) receive(msg *nats.Msg) {
	beat := &jobv1.WorkerBeat{}
	if proto.Unmarshal(msg.Data, beat) != nil || Subject(beat) != msg.Subject {
		return // a stranger's note, or one under another's name
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if beat.GetDraining() {
		delete(r.workers, beat.GetInstance())
		return
	}
	r.workers[beat.GetInstance()] = heard{beat: beat, at: time.Now()}
}
