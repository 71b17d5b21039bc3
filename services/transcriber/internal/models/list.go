package models

import (
	"slices"

	"github.com/stenomesh/stenomesh/pkg/catalog"
)

// Loaded lists the models in memory by name, without those on their way in or
// out.
func (m *Manager) Loaded() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name, r := range m.rooms {
		if r.state == loaded {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Listed is a model of the catalogue and where it stands here.
type Listed struct {
	catalog.Model
	Installed bool // its file is here
	Loaded    bool // it is in memory
}

// List tells all models of the catalogue in its order.
func (m *Manager) List() []Listed {
	loaded := m.Loaded()
	var list []Listed
	for _, model := range m.cfg.Catalog.Models() {
		list = append(list, Listed{
			Model: model, Installed: m.cfg.Store.Installed(model), Loaded: slices.Contains(loaded, model.Name),
		})
	}
	return list
}
