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
	checks []Check
	log    *slog.Logger

	mu    sync.Mutex // held while checking, so that all who ask meanwhile share the answer
	at    time.Time
	ok    bool
	state map[string]string
}

// NewHealth is ready when all checks pass.
func NewHealth(log *slog.Logger, checks ...Check) *Health { return &Health{log: log, checks: checks} }

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
	errs := make([]error, len(h.checks))
	var all sync.WaitGroup
	for i, c := range h.checks {
		all.Go(func() { errs[i] = c.Run(ctx) })
	}
	all.Wait()
	h.ok, h.state = true, map[string]string{}
	for i, c := range h.checks {
		h.state[c.Name] = "ok"
		if errs[i] != nil {
			h.ok = false
			h.state[c.Name] = fault.Of(errs[i]).Message
			h.log.Warn("not ready", "check", c.Name, "err", errs[i])
		}
	}
	h.at = time.Now()
	return h.ok, h.state
}
