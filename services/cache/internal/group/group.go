// Package group says which keys belong together: those that share their first two
// parts. "page:ann:2:10" belongs to "page:ann:", where the second part is mostly
// the owner, whose entries are dropped together. Every store finds the keys of a
// prefix by their group, not by a walk over all keys.
package group

import "strings"

// Of is the first two parts of a key with their colons, or all of a key that has
// fewer.
func Of(key string) string {
	first := strings.IndexByte(key, ':') + 1
	second := strings.IndexByte(key[first:], ':') + 1
	if first == 0 || second == 0 {
		return key
	}
	return key[:first+second]
}

// Within reports whether all keys that begin with a prefix are of one group, which
// then is Of(prefix). Otherwise the prefix covers whole groups.
func Within(prefix string) bool { return strings.Count(prefix, ":") >= 2 }
