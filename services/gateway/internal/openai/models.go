package openai

import (
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

type modelView struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"` // 0: the catalogue has no dates
	OwnedBy string `json:"owned_by"`
}

func modelOf(id string) modelView {
	return modelView{ID: id, Object: "model", OwnedBy: "stenomesh"}
}

// listModels lists every name, aliases too, that a transcription may ask for now.
func (a *API) listModels(w http.ResponseWriter, _ *http.Request) error {
	views := []modelView{}
	for _, m := range a.Models.Catalog.Models() {
		if !a.Models.Runs(m.Name) {
			continue
		}
		for _, id := range append([]string{m.Name}, m.Aliases...) {
			views = append(views, modelOf(id))
		}
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Object string      `json:"object"`
		Data   []modelView `json:"data"`
	}{"list", views})
}

func (a *API) getModel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("model")
	if !a.Models.Runs(id) {
		return problem.With(fault.New(fault.NotFound, "model_not_found",
			"There is no model of this name, or it is not installed; GET /v1/models lists what there is."), "field", "model")
	}
	return web.WriteJSON(w, http.StatusOK, modelOf(id))
}
