// Package remember keeps answers of other services for a while, so that a service
// that is down does not stop everybody, and one that is up is not asked each time.
// Packages auth and quota use it.
package remember

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// askTime is how long an answer may take.
const askTime = 5 * time.Second

// Answers remembers answers by key, in bounded number. It is safe for all goroutines.
type Answers[V any] struct {
	limits Limits
	log    *slog.Logger
	now    func() time.Time
	asking singleflight.Group
	away   atomic.Bool // the log says that nobody answers

	mu      sync.Mutex
	known   map[string]answer[V]
	changes uint64 // that were heard of
}

// Limits says how long answers are used, and how many.
type Limits struct {
	Fresh time.Duration // without asking
	Stale time.Duration // while nobody answers
	Most  int
}

type answer[V any] struct {
	value   V
	at      time.Time
	doubted bool // it may have changed since
}

// New returns one that remembers nothing; now is the clock.
func New[V any](limits Limits, log *slog.Logger, now func() time.Time) *Answers[V] {
	return &Answers[V]{limits: limits, log: log, now: now, known: map[string]answer[V]{}}
}

// Get returns the answer that is remembered while it is fresh, and otherwise what load
// says, which is called once for all who ask at the same time. When load fails with
// anything but NotFound, a stale answer will do.
func (a *Answers[V]) Get(ctx context.Context, key string, load func(ctx context.Context) (V, error)) (V, error) {
	before, found := a.recall(key)
	if found && a.fresh(before) {
		return before.value, nil
	}
	value, err := a.ask(ctx, key, load)
	switch {
	case err == nil:
		a.away.Store(false)
	case fault.Is(err, fault.NotFound):
		a.forget(key)
	case found && a.now().Sub(before.at) < a.limits.Stale:
		if a.away.CompareAndSwap(false, true) { // once, until there is an answer
			a.log.WarnContext(ctx, "no answer, using what is remembered", "err", err)
		}
		return before.value, nil
	}
	return value, err
}

// Fresh returns the answer that is remembered, if it is fresh.
func (a *Answers[V]) Fresh(key string) (value V, found bool) {
	known, found := a.recall(key)
	return known.value, found && a.fresh(known)
}

func (a *Answers[V]) fresh(known answer[V]) bool {
	return !known.doubted && a.now().Sub(known.at) < a.limits.Fresh
}

// Moment is a point in the changes that were heard of, for Put.
type Moment uint64

// Moment returns the point of now.
func (a *Answers[V]) Moment() Moment {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Moment(a.changes)
}

// Put remembers a value that was asked for at a moment, unless something has changed
// since, which it may not know of.
func (a *Answers[V]) Put(key string, value V, since Moment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if Moment(a.changes) != since {
		return
	}
	for other := range a.known { // full: make room for one, whichever comes first
		if len(a.known) < a.limits.Most {
			break
		}
		delete(a.known, other)
	}
	a.known[key] = answer[V]{value: value, at: a.now()}
}

// Doubt has answers asked for again; they still count while nobody answers.
func (a *Answers[V]) Doubt(which func(key string, value V) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changes++
	for key, known := range a.known {
		if which(key, known.value) {
			known.doubted = true
			a.known[key] = known
		}
	}
}

// Drop forgets answers and returns their keys.
func (a *Answers[V]) Drop(which func(key string, value V) bool) (dropped []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changes++
	for key, known := range a.known {
		if which(key, known.value) {
			delete(a.known, key)
			dropped = append(dropped, key)
		}
	}
	return dropped
}

func (a *Answers[V]) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, key)
}

// Len returns how many answers are remembered.
func (a *Answers[V]) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.known)
}

func (a *Answers[V]) recall(key string) (answer[V], bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, found := a.known[key]
	return known, found
}

// ask loads an answer. Who asks after a change does not get what was asked for before.
func (a *Answers[V]) ask(ctx context.Context, key string, load func(ctx context.Context) (V, error)) (V, error) {
	since := a.Moment()
	got, err, _ := a.asking.Do(strconv.FormatUint(uint64(since), 36)+" "+key, func() (any, error) {
		// Others wait for this answer too: one leaving must not spoil it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
		defer cancel()
		value, err := load(ctx)
		if err == nil {
			a.Put(key, value, since)
		}
		return value, err
	})
	value, _ := got.(V)
	return value, err
}
