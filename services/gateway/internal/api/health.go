package api

import (
	"net/http"

	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

type healthView struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
}

// live says only that the process answers.
func (a *API) live(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, healthView{Status: "ok"})
}

// ready says whether requests can be served, and if not, what is missing.
func (a *API) ready(w http.ResponseWriter, r *http.Request) error {
	answer := a.Health.Ask(r.Context())
	if !answer.Ready {
		w.Header().Set("Retry-After", "5")
		return web.WriteJSON(w, http.StatusServiceUnavailable, healthView{Status: "unavailable", Checks: answer.Parts})
	}
	return web.WriteJSON(w, http.StatusOK, healthView{Status: "ok", Checks: answer.Parts})
}
