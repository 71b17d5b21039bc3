// Package remains proves that nothing is left of a user who was deleted: it gives
// people something to leave (person.go), reads everything that a mesh stores, record
// by record (streams.go, sql.go, redis.go, files.go), and looks for them in it.
//
// It reads what is stored as the stores show it. Bytes that a disk keeps of what was
// removed, until they are written over, are no record.
package remains

import (
	"strings"
	"testing"
)

// Item is one record of a store, with all its bytes.
type Item struct {
	Place string // for whoever has to look for it, for example "KV_JOBS $KV.JOBS.job.…"
	Text  string
	// Tombstone says that something was here. It may name the job and the user by
	// their ids, which nobody else ever has, and nothing else.
	Tombstone bool
}

// Expect fails the test for each item that holds something of a person.
func Expect(t testing.TB, none *Person, items []Item) {
	t.Helper()
	if len(items) == 0 {
		t.Fatal("nothing was read")
	}
	for _, item := range items {
		for _, word := range none.traces(item.Tombstone) {
			if strings.Contains(item.Place, word) || strings.Contains(item.Text, word) {
				t.Errorf("%q is left in %s: %.300q", word, item.Place, item.Text)
			}
		}
	}
}

// Count returns how many items hold something of a person: before a deletion it
// shows that there was something to remove.
func Count(of *Person, items []Item) (n int) {
	for _, item := range items {
		for _, word := range of.traces(item.Tombstone) {
			if strings.Contains(item.Place, word) || strings.Contains(item.Text, word) {
				n++
				break
			}
		}
	}
	return n
}
