package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

const (
	checkTime = 2 * time.Second // a dependency that takes longer is down
	checkLife = time.Second     // answers are shared this long: anybody may ask, as often as they like
)

// Check tells whether something the gateway needs is there.
type Check struct {
	Name string // for people, for example "history"
	Run  func(ctx context.Context) error
}

// Health answers probes.
type Health struct {
	log *slog.Logger

	mu    sync.Mutex // held while checking, so that all who ask meanwhile share the answer
	parts []part
	at    time.Time
	ok    bool
	state map[string]string
}

// part is a check and its run that is under way: one that does not heed its
// context is not started again beside itself.
type part struct {
	Check
	result chan error // nil when none is under way
}

// NewHealth is ready when all checks pass.
func NewHealth(log *slog.Logger, checks ...Check) *Health {
	h := &Health{log: log}
	for _, c := range checks {
		h.parts = append(h.parts, part{Check: c})
	}
	return h
}

type healthView struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
}

// live says only that the process answers.
func (h *Health) live(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, healthView{Status: "ok"})
}

// ready says whether requests can be served, and if not, what is missing.
func (h *Health) ready(w http.ResponseWriter, r *http.Request) error {
	ok, state := h.check(r.Context())
	if !ok {
		w.Header().Set("Retry-After", "5")
		return web.WriteJSON(w, http.StatusServiceUnavailable, healthView{Status: "unavailable", Checks: state})
	}
	return web.WriteJSON(w, http.StatusOK, healthView{Status: "ok", Checks: state})
}

func (h *Health) check(ctx context.Context) (bool, map[string]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) < checkLife {
		return h.ok, h.state
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
	defer cancel()
	for i := range h.parts {
		h.parts[i].start(ctx)
	}
	h.ok, h.state = true, map[string]string{}
	for i := range h.parts {
		p := &h.parts[i]
		h.state[p.Name] = "ok"
		if err := p.wait(ctx); err != nil {
			h.ok = false
			h.state[p.Name] = fault.Of(err).Message
			h.log.Warn("not ready", "check", p.Name, "err", err)
		}
	}
	h.at = time.Now()
	return h.ok, h.state
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
