package memory

import (
	"strings"
	"sync"
)

// groups finds the keys of a prefix without a walk over all of them. A group is
// the first two parts of a key: "page:ann:2:10" belongs to "page:ann:", where
// the second part is mostly the owner, whose entries are dropped together.
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
	name := groupOf(key)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.keys[name] == nil {
		g.keys[name] = map[string]int{}
	}
	g.keys[name][key]++
}

// remove notes that one value of the key is gone.
func (g *groups) remove(key string) {
	name := groupOf(key)
	g.mu.Lock()
	defer g.mu.Unlock()
	group := g.keys[name]
	if group[key]--; group[key] > 0 {
		return
	}
	delete(group, key)
	if len(group) == 0 {
		delete(g.keys, name)
	}
}

// withPrefix returns the keys that begin with a prefix. One that is shorter
// than a group costs a walk over all groups.
func (g *groups) withPrefix(prefix string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if strings.Count(prefix, ":") >= 2 {
		return appendMatches(nil, g.keys[groupOf(prefix)], prefix)
	}
	var found []string
	for _, group := range g.keys {
		found = appendMatches(found, group, prefix)
	}
	return found
}

func appendMatches(found []string, group map[string]int, prefix string) []string {
	for key := range group {
		if strings.HasPrefix(key, prefix) {
			found = append(found, key)
		}
	}
	return found
}

// groupOf is the first two parts of a key with their colons, or all of a key
// that has fewer.
func groupOf(key string) string {
	first := strings.IndexByte(key, ':') + 1
	second := strings.IndexByte(key[first:], ':') + 1
	if first == 0 || second == 0 {
		return key
	}
	return key[:first+second]
}
