package tiered_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// BenchmarkGet reads an entry that this replica holds itself.
func BenchmarkGet(b *testing.B) {
	store := open(b, testkit.RedisServer(b))
	set(b, store, "page:1", "x")
	for b.Loop() {
		if !has(b, store, "page:1") {
			b.Fatal("it is not there")
		}
	}
}
