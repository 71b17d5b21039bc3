// Package health tells whether a process can do its work: every part adds a check
// of what it needs, and probes get one answer for all. Balancers and containers
// ask through package host, people through the gateway's /health routes.
package health

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

const (
	checkTime = 2 * time.Second // a dependency that takes longer is down
	checkLife = time.Second     // answers are shared this long: anybody may ask, as often as they like
)

// ok is what is said of a part that has what it needs.
const ok = "ok"

// Check tells whether something the process needs is there.
type Check struct {
	Name string // for people, for example "history"
	Run  func(ctx context.Context) error
}

// Health answers probes.
type Health struct {
	log *slog.Logger

	mu       sync.Mutex // held while checking, so that all who ask meanwhile share the answer
	parts    []*part
	at       time.Time
	answer   Answer
	draining bool
}

// Answer is what a probe is told.
type Answer struct {
	Ready bool
	Parts map[string]string // by check: "ok", or a sentence that says what is missing
}

// New is ready when all checks pass; without any it is ready.
func New(log *slog.Logger, checks ...Check) *Health {
	h := &Health{log: log}
	for _, c := range checks {
		h.Add(c.Name, c.Run)
	}
	return h
}

// Add adds a check.
func (h *Health) Add(name string, run func(ctx context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts = append(h.parts, &part{Check: Check{Name: name, Run: run}})
	h.at = time.Time{} // what is known does not cover it
}

// Drain makes it not ready for good, so that nobody sends new work to a process
// that is about to stop.
func (h *Health) Drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = true
	h.at = time.Time{}
}

// Ask runs all checks side by side, unless they have just been run.
func (h *Health) Ask(ctx context.Context) Answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) >= checkLife {
		h.answer = h.run(ctx)
		h.at = time.Now()
	}
	return Answer{Ready: h.answer.Ready, Parts: maps.Clone(h.answer.Parts)}
}

func (h *Health) run(ctx context.Context) Answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
	defer cancel()
	for _, p := range h.parts {
		p.start(ctx)
	}
	answer := Answer{Ready: true, Parts: map[string]string{}}
	for _, p := range h.parts {
		err := p.wait(ctx)
		answer.Parts[p.Name] = ok
		if err != nil {
			answer.Ready = false
			answer.Parts[p.Name] = fault.Of(err).Message
		}
		h.tell(p.Name, answer.Parts[p.Name], err)
	}
	if h.draining {
		answer.Ready = false
		answer.Parts["process"] = "The process is about to stop."
	}
	return answer
}

// tell logs what has changed since the last answer: probes ask every few seconds.
// That a process is not ready before it ever was is no news.
func (h *Health) tell(name, now string, err error) {
	before := h.answer.Parts[name]
	switch {
	case now == before:
	case now == ok && before != "":
		h.log.Info("ready again", "check", name)
	case now != ok && before != "":
		h.log.Warn("not ready", "check", name, "err", err)
	case now != ok:
		h.log.Debug("not ready yet", "check", name, "err", err)
	}
}

// part is a check and its run that is under way: one that does not heed its
// context is not started again beside itself.
type part struct {
	Check
	result chan error // nil when none is under way
}

// start runs the check, unless its last run is still out. What a late run found is
// not told any more: it is old.
func (p *part) start(ctx context.Context) {
	if p.result != nil && len(p.result) == 0 {
		return
	}
	result, run := make(chan error, 1), p.Run
	p.result = result
	go func() { result <- run(ctx) }()
}

// wait returns what the check found, as long as ctx allows.
func (p *part) wait(ctx context.Context) error {
	select {
	case err := <-p.result: // also when time is up: an earlier part has used it
		p.result = nil
		return err
	default:
	}
	select {
	case err := <-p.result:
		p.result = nil
		return err
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "no_answer", "It has not answered in time.")
	}
}
