package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache/internal/redis"
)

// BenchmarkGet reads an entry that is on the server, and one that is not.
func BenchmarkGet(b *testing.B) {
	store := up(b, testkit.RedisServer(b).URL())
	if err := store.Set(b.Context(), "transcript:1:1", make([]byte, 20_000), time.Hour); err != nil {
		b.Fatal(err)
	}
	for key, there := range map[string]bool{"transcript:1:1": true, "transcript:2:1": false} {
		b.Run(map[bool]string{true: "hit", false: "miss"}[there], func(b *testing.B) {
			for b.Loop() {
				if has(b, store, key) != there {
					b.Fatal("it is there, or not, against what was set")
				}
			}
		})
	}
}

// BenchmarkDelete removes prefixes among 100 000 other groups: one group, a part of
// one, and a prefix that covers several.
func BenchmarkDelete(b *testing.B) {
	server := testkit.RedisServer(b)
	store := up(b, server.URL())
	fillMany(b, server, store)
	for _, prefix := range []string{"transcript:ann:", "transcript:ann:2", "transcript:an"} {
		b.Run(prefix, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				for n := range 10 {
					set(b, store, fmt.Sprintf("transcript:ann:%d", n))
				}
				b.StartTimer()
				if err := store.Delete(b.Context(), nil, []string{prefix}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	if !has(b, store, "transcript:99999:1") || !store.Up() {
		b.Error("another is gone, or the server")
	}
}

func fillMany(b *testing.B, server *testkit.OwnRedis, store *redis.Store) {
	b.Helper()
	for n := range 100_000 {
		set(b, store, fmt.Sprintf("transcript:%d:1", n))
	}
	if n, err := client(b, server.URL()).DBSize(b.Context()).Result(); err != nil || n < 100_000 {
		b.Fatalf("%d names, %v", n, err)
	}
}
