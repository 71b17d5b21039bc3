package models

import (
	"slices"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/pkg/catalog"
)

// Loaded is a model in memory.
type Loaded struct {
	Name     string
	Users    int       // leases at the moment
	LastUsed time.Time // when a lease was last given or returned
	Device   string    // what it runs on
	GPU      bool
	PID      int // process id of its engine; 0 while that is being replaced
}

// Loaded lists the models in memory by name, without those on their way in or
// out.
func (m *Manager) Loaded() []Loaded {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Loaded
	for _, r := range m.rooms {
		if r.state == loaded {
			list = append(list, r.describe())
		}
	}
	slices.SortFunc(list, func(a, b Loaded) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Listed is a model of the catalogue and where it stands here.
type Listed struct {
	catalog.Model
	Installed bool // its file is here
	Loaded    bool // it is in memory
}

// List tells all models of the catalogue in its order.
func (m *Manager) List() []Listed {
	var list []Listed
	for _, model := range m.cfg.Catalog.Models() {
		list = append(list, Listed{Model: model, Installed: m.cfg.Store.Installed(model), Loaded: m.isLoaded(model.Name)})
	}
	return list
}

func (m *Manager) isLoaded(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rooms[name]
	return r != nil && r.state == loaded
}

func (r *room) describe() Loaded {
	d := Loaded{
		Name: r.model.Name, Users: r.users, LastUsed: r.used, Device: r.info.GetDevice(), GPU: r.info.GetGpu(),
	}
	if process := r.pool.Running(); process != nil {
		d.PID = process.PID()
	}
	return d
}
