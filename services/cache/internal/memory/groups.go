package memory

import (
	"strings"
	"sync"

	"github.com/stenomesh/stenomesh/services/cache/internal/group"
)

// groups finds the keys of a prefix without a walk over all of them.
//
// Keys are counted, not just noted: when a key is set by one goroutine while
// another removes its old value, the removal must not hide the new value.
type groups struct {
	mu   sync.Mutex
	keys map[string]map[string]int
}

func newGroups() *groups { return &groups{keys: map[string]map[string]int{}} }

// add notes that a value of the key is held from now on.
func (g *groups) add(key string) {
	name := group.Of(key)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.keys[name] == nil {
		g.keys[name] = map[string]int{}
	}
	g.keys[name][key]++
}

// remove notes that one value of the key is gone.
func (g *groups) remove(key string) {
	name := group.Of(key)
	g.mu.Lock()
	defer g.mu.Unlock()
	members := g.keys[name]
	if members[key]--; members[key] > 0 {
		return
	}
	delete(members, key)
	if len(members) == 0 {
		delete(g.keys, name)
	}
}

// withPrefix returns the keys that begin with a prefix. One that is shorter
// than a group costs a walk over all groups.
func (g *groups) withPrefix(prefix string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if group.Within(prefix) {
		return appendMatches(nil, g.keys[group.Of(prefix)], prefix)
	}
	var found []string
	for _, members := range g.keys {
		found = appendMatches(found, members, prefix)
	}
	return found
}

func appendMatches(found []string, members map[string]int, prefix string) []string {
	for key := range members {
		if strings.HasPrefix(key, prefix) {
			found = append(found, key)
		}
	}
	return found
}
