package remains

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
)

// Streams reads every message of every stream.
func Streams(t testing.TB, b *bus.Bus) (items []Item) {
	t.Helper()
	for _, name := range []string{bus.StreamJobs, bus.StreamFiles, bus.StreamTasks, bus.StreamDead, bus.StreamProgress, bus.StreamHooks} {
		stream, err := b.JS.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		state := stream.CachedInfo().State
		for seq := state.FirstSeq; seq <= state.LastSeq && state.Msgs > 0; seq++ {
			msg, err := stream.GetMsg(t.Context(), seq)
			if err != nil {
				continue // it was removed, or replaced by a later one
			}
			items = append(items, Item{
				Place: name + " " + msg.Subject, Text: fmt.Sprint(msg.Header) + string(msg.Data), Tombstone: isTombstone(msg),
			})
		}
	}
	return items
}

// isTombstone holds for the mark of a record that is gone, and for the order to erase
// a user.
func isTombstone(msg *jetstream.RawStreamMsg) bool {
	return strings.HasPrefix(msg.Subject, "$KV.JOBS.erase.") ||
		strings.HasPrefix(msg.Subject, "$KV.JOBS.job.") && len(msg.Data) == 0
}
