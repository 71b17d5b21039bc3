package transcriber

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/work"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/models"
)

const (
	// onlyPatience is how long a slot waits at the queue of the only model; not
	// longer than strayEvery, so that strays are found in time.
	onlyPatience = strayEvery
	// lanePatience is how long it waits at one of several queues before it looks
	// at the others.
	lanePatience = 500 * time.Millisecond
	// lookEvery is how old what is known of the queues may be.
	lookEvery = lanePatience / 2
	// strayEvery is how often it looks for tasks of models that are not installed.
	strayEvery = 10 * time.Second
)

// lanes are the task queues of the installed models, one each, and those of
// models that were removed while tasks for them waited: a task that nobody took
// could not even fail. The slots of a process share what they know of them.
type lanes struct {
	js   jetstream.JetStream
	list func() []models.Listed

	mu     sync.Mutex
	queues map[queue]*work.Durable
	since  map[string]time.Time // since when a lane's tasks wait and none is taken
	seen   []lane
	looked time.Time
	stray  map[string]bool // the models that are not installed and have tasks
	combed time.Time       // when all such models were last asked
}

type queue struct {
	model    string
	patience time.Duration
}

func newLanes(js jetstream.JetStream, list func() []models.Listed) *lanes {
	return &lanes{js: js, list: list, queues: map[queue]*work.Durable{}, since: map[string]time.Time{}, stray: map[string]bool{}}
}

// slot returns a source of tasks for one slot.
func (l *lanes) slot() *slot { return &slot{lanes: l} }

func (l *lanes) queue(model string, patience time.Duration) *work.Durable {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := queue{model, patience}
	if l.queues[key] == nil {
		l.queues[key] = work.NewDurable(l.js, bus.StreamTasks, bus.ConsumerASR(model), patience)
	}
	return l.queues[key]
}

// look lists the lanes of the installed models, and of others that have tasks,
// in the order of the catalogue.
func (l *lanes) look(ctx context.Context) []lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.looked) >= lookEvery {
		l.seen = l.survey(ctx)
		l.looked = time.Now()
	}
	return slices.Clone(l.seen)
}

func (l *lanes) survey(ctx context.Context) []lane {
	listed := l.list()
	if time.Since(l.combed) >= strayEvery {
		l.comb(ctx, listed)
		l.combed = time.Now()
	}
	var seen []lane
	for _, m := range listed {
		if m.Installed || l.stray[m.Name] {
			seen = append(seen, lane{model: m.Name, loaded: m.Loaded})
		}
	}
	if len(seen) < 2 {
		return seen // there is nothing to choose
	}
	for n := range seen {
		seen[n].waiting = l.waiting(ctx, seen[n].model)
	}
	return seen
}

// comb finds the models that are not installed and have tasks. Their number is
// that of the catalogue, so it is done seldom.
func (l *lanes) comb(ctx context.Context, listed []models.Listed) {
	clear(l.stray)
	for _, m := range listed {
		if !m.Installed && !l.waiting(ctx, m.Name).IsZero() {
			l.stray[m.Name] = true
		}
	}
}

// waiting asks since when tasks of a model wait; zero when none does. A queue
// that cannot be asked has none.
func (l *lanes) waiting(ctx context.Context, model string) time.Time {
	consumer, err := l.js.Consumer(ctx, bus.StreamTasks, bus.ConsumerASR(model)) // asks for the numbers too
	if err != nil || consumer.CachedInfo().NumPending == 0 {
		delete(l.since, model)
		return time.Time{}
	}
	if l.since[model].IsZero() {
		l.since[model] = time.Now()
	}
	return l.since[model]
}

// visit notes that a slot takes care of a lane, so that no other one thinks that
// it is neglected.
func (l *lanes) visit(model string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.since[model].IsZero() {
		l.since[model] = time.Now()
	}
	for n := range l.seen {
		if l.seen[n].model == model && !l.seen[n].waiting.IsZero() {
			l.seen[n].waiting = time.Now()
		}
	}
}
