package redis

import (
	"fmt"
	"strings"

	"github.com/stenomesh/stenomesh/services/cache/internal/group"
)

// Names on the server. All entries of a group are fields of one hash, so that the
// group is dropped by one command however many keys there are, and the server,
// when it makes room, drops whole groups.
//
//	stenomesh:cache:generation              which entries count
//	stenomesh:cache:v:<generation>:<group>  hash: rest of the key -> envelope
//	stenomesh:cache:<db>:changes            channel of what replicas tell each other
const (
	generationName = "stenomesh:cache:generation"
	groupsName     = "stenomesh:cache:v:"
)

// channelName differs by database: channels are common to all of a server.
func channelName(db int) string { return fmt.Sprintf("stenomesh:cache:%d:changes", db) }

// hashName is where the entries of a group lie.
func hashName(generation, group string) string { return groupsName + generation + ":" + group }

// place is where an entry lies.
func place(generation, key string) (hash, field string) {
	name := group.Of(key)
	return hashName(generation, name), key[len(name):]
}

// generationOf is the generation of a hash.
func generationOf(hash string) string {
	generation, _, _ := strings.Cut(strings.TrimPrefix(hash, groupsName), ":")
	return generation
}

// literal makes a pattern that matches just this text.
var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
