package api

import (
	"net/http"
	"slices"

	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

type modelView struct {
	Name        string   `json:"name"`
	Aliases     []string `json:"aliases"`
	Description string   `json:"description"`
	Languages   []string `json:"languages"`
	Bytes       int64    `json:"bytes"`
	Licence     string   `json:"licence"`
	Installed   bool     `json:"installed"`
	Loaded      bool     `json:"loaded"`
}

// models lists the catalogue, and which of it can run now.
func (a *API) models(w http.ResponseWriter, _ *http.Request) error {
	loaded := a.Loaded()
	views := []modelView{}
	for _, m := range a.Models.Catalog.Models() {
		views = append(views, modelView{
			Name: m.Name, Aliases: append([]string{}, m.Aliases...), Description: m.Description,
			Languages: m.Languages, Bytes: m.Bytes, Licence: m.Licence,
			Installed: a.Models.Installed(m), Loaded: slices.Contains(loaded, m.Name),
		})
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Models   []modelView `json:"models"`
		Default  string      `json:"default"`
		Fallback string      `json:"fallback,omitempty"` // runs jobs whose model is not installed
	}{views, a.Models.Default, a.Models.Fallback})
}
