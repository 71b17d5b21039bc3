// Package request turns what a user asks for into the options of a job: it checks
// every field, fills in defaults and picks the model that runs it. What can be
// known to be impossible is refused here, before anything is queued.
package request

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Models picks the model that runs a job.
type Models struct {
	Catalog *catalog.Catalog
	// Installed reports whether the mesh has the model's file.
	Installed func(catalog.Model) bool
	// Default is the name for jobs that name none.
	Default string
	// Fallback is the name of the model that runs jobs whose own is not installed;
	// empty: they are refused.
	Fallback string
}

// resolve returns the model that runs a job which asks for name ("" for none in
// particular), and the name it asked for. Unprocessable: "model_not_found", or
// "model_not_installed" with what to do about it.
func (m Models) resolve(name string) (model catalog.Model, asked string, err error) {
	asked = cmp.Or(name, m.Default)
	wanted, err := m.Catalog.Find(asked)
	if err != nil {
		return catalog.Model{}, asked, problem.With(fault.Wrap(err, fault.Unprocessable, "model_not_found",
			"There is no model of this name; GET /api/v1/models lists what there is."), "field", "model")
	}
	if m.Installed(wanted) {
		return wanted, asked, nil
	}
	if fallback, err := m.Catalog.Find(m.Fallback); err == nil && m.Installed(fallback) {
		return fallback, asked, nil
	}
	if best, found := m.best(func(catalog.Model) bool { return false }); name == "" && found {
		return best, best.Name, nil
	}
	return catalog.Model{}, asked, problem.With(fault.New(fault.Unprocessable, "model_not_installed", fmt.Sprintf(
		"The model %s is not installed; `steno models pull %s` fetches it.", wanted.Name, wanted.Name)), "field", "model")
}

// Runs reports whether a job that asks for this model is taken.
func (m Models) Runs(name string) bool {
	_, _, err := m.resolve(name)
	return name != "" && err == nil
}

// translator is resolve for jobs that translate into English. A name that stands for
// whichever model serves best (an alias, or none) gets one that translates; a model
// that was asked for by its own name is refused when it cannot. Unprocessable:
// "translation_not_supported", and the codes of resolve.
func (m Models) translator(name string) (model catalog.Model, asked string, err error) {
	model, asked, err = m.resolve(name)
	if err != nil || !model.CannotTranslate() {
		return model, asked, err
	}
	wanted, err := m.Catalog.Find(asked)
	if err == nil && (name == "" || wanted.Name != name) {
		if best, found := m.best(catalog.Model.CannotTranslate); found {
			return best, asked, nil
		}
	}
	if err == nil && wanted.Name != model.Name {
		return model, asked, nil // the fallback, which does what it can
	}
	return catalog.Model{}, asked, problem.With(fault.New(fault.Unprocessable, "translation_not_supported", fmt.Sprintf(
		"The model %s cannot translate into English; GET /api/v1/models lists the others.", model.Name)), "field", "task")
}

// best is the largest model that is installed and not left out.
func (m Models) best(without func(catalog.Model) bool) (catalog.Model, bool) {
	installed := slices.DeleteFunc(m.Catalog.Models(), func(c catalog.Model) bool { return !m.Installed(c) || without(c) })
	if len(installed) == 0 {
		return catalog.Model{}, false
	}
	return slices.MaxFunc(installed, func(a, b catalog.Model) int { return cmp.Compare(a.Bytes, b.Bytes) }), true
}
