package tiered_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/cache/internal/redis"
	"github.com/stenomesh/stenomesh/services/cache/internal/tiered"
	"github.com/stenomesh/stenomesh/services/cache/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	opened := func(t *testing.T) cache.Store { return open(t, testkit.RedisServer(t)) }
	storetest.Run(t, opened)
	storetest.RunCounted(t, opened)
}

func TestReplica_findsWhatAnotherHasSet(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	one, other := open(t, server), open(t, server)

	set(t, one, "page:1", "x")

	want(t, other, "page:1", "x")
}

func TestReplica_servesNoLongerWhatAnotherHasDeleted(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	one, other := open(t, server), open(t, server)
	for _, prefix := range []string{"page:ann:", "page:an", "page:ann:1"} {
		set(t, one, "page:ann:1", "x")
		set(t, one, "page:bob:1", "x")
		want(t, other, "page:ann:1", "x") // now it is in both tiers
		want(t, other, "page:bob:1", "x")

		if err := one.Delete(t.Context(), []string{"page:bob:1"}, []string{prefix}); err != nil {
			t.Fatal(err)
		}

		testkit.Eventually(t, prefix+": the other finds neither", func() bool {
			return !has(t, other, "page:ann:1") && !has(t, other, "page:bob:1")
		})
		if has(t, one, "page:ann:1") || has(t, one, "page:bob:1") {
			t.Errorf("%s: the one that has deleted still finds it", prefix)
		}
	}
}

func TestReplica_servesWhatAnotherHasSetLast(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	one, other := open(t, server), open(t, server)
	set(t, one, "page:1", "first")
	want(t, other, "page:1", "first")

	set(t, other, "page:1", "second")

	want(t, other, "page:1", "second")
	testkit.Eventually(t, "the one finds it too", func() bool { return value(t, one, "page:1") == "second" })
}

func TestReplica_dropsAllItHoldsWhenItsSubscriptionIsCut(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store, raw := open(t, server), client(t, server)
	set(t, store, "page:ann:1", "x")
	removeBehindItsBack(t, raw)
	want(t, store, "page:ann:1", "x") // from its tier: nobody has told it

	if err := raw.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}

	testkit.Eventually(t, "it finds it no more", func() bool { return !has(t, store, "page:ann:1") })
	testkit.Eventually(t, "it holds entries again", func() bool { set(t, store, "page:2", "x"); return has(t, store, "page:2") })
	if has(t, store, "page:ann:1") {
		t.Error("found again")
	}
}

func TestReplica_servesNothingThatItCouldNotHearDeleted(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store := open(t, server)
	set(t, store, "page:1", "x")
	want(t, store, "page:1", "x")

	server.Stop(t)

	testkit.Eventually(t, "it finds nothing", func() bool { return !has(t, store, "page:1") })
	set(t, store, "page:1", "y")
	if has(t, store, "page:1") {
		t.Error("found without a server")
	}
	server.Start(t)
	testkit.Eventually(t, "the server is in use", store.Up)
	if has(t, store, "page:1") {
		t.Error("found on the empty server")
	}
}

func TestGet_asksTheServerOnceForAll(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store, raw := open(t, server), client(t, server)
	set(t, open(t, server), "page:1", "x")
	start := make(chan struct{})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			<-start
			want(t, store, "page:1", "x")
		})
	}

	close(start)
	all.Wait()

	info, err := raw.Info(t.Context(), "commandstats").Result()
	if err != nil || !strings.Contains(info, "cmdstat_hget:calls=1,") {
		t.Errorf("got %s, %v; want one hget", info, err)
	}
}

func TestReplicas_neverServeWhatWasDeletedWhileTheyRead(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	one, other := open(t, server), open(t, server)
	for round := range 100 {
		key := fmt.Sprintf("page:ann:%d", round)
		set(t, one, key, "x")
		stop := make(chan struct{})
		var reading sync.WaitGroup
		for _, replica := range []*tiered.Store{one, other, one, other} {
			reading.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						has(t, replica, key)
					}
				}
			})
		}

		if err := one.Delete(t.Context(), nil, []string{"page:ann:"}); err != nil {
			t.Fatal(err)
		}

		if has(t, one, key) {
			t.Errorf("round %d: found right after it was deleted", round)
		}
		close(stop)
		reading.Wait()
		testkit.Eventually(t, "the other finds it no more", func() bool { return !has(t, other, key) })
	}
}

func TestStore_tellsAboutItsServer(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store := open(t, server)
	set(t, store, "page:1", "x")
	want(t, store, "page:1", "x")

	up, err := store.Stats(t.Context())
	server.Stop(t)
	testkit.Eventually(t, "it is away", func() bool { return !store.Up() })
	away, awayErr := store.Stats(t.Context())

	if err != nil || len(up) != 2 || up[0].Name != "page" || up[0].Hits != 1 || up[1].Name != "redis" || up[1].Bytes == 0 {
		t.Errorf("with a server: %+v, %v", up, err)
	}
	if awayErr != nil || len(away) != 1 || away[0].Name != "page" || away[0].Entries != 0 || store.Check(t.Context()) != nil {
		t.Errorf("without: %+v, %v", away, awayErr)
	}
}

// removeBehindItsBack takes the entries of ann away as no replica would.
func removeBehindItsBack(t *testing.T, raw *goredis.Client) {
	t.Helper()
	names, err := raw.Keys(t.Context(), "stenomesh:cache:v:*:page:ann:").Result()
	if err != nil || len(names) != 1 {
		t.Fatalf("got %v, %v", names, err)
	}
	if err := raw.Del(t.Context(), names...).Err(); err != nil {
		t.Fatal(err)
	}
}

// open returns a replica that uses its server.
func open(t testing.TB, server *testkit.OwnRedis) *tiered.Store {
	t.Helper()
	store, err := tiered.New(storetest.Capacity, redis.Config{URL: server.URL()}, testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	testkit.Eventually(t, "the server is in use", store.Up)
	return store
}

func client(t testing.TB, server *testkit.OwnRedis) *goredis.Client {
	t.Helper()
	options, err := goredis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	raw := goredis.NewClient(options)
	t.Cleanup(func() { _ = raw.Close() })
	return raw
}

func set(t testing.TB, store *tiered.Store, key, value string) {
	t.Helper()
	if err := store.Set(t.Context(), key, []byte(value), time.Hour); err != nil {
		t.Errorf("set %s: %v", key, err)
	}
}

func has(t testing.TB, store *tiered.Store, key string) bool {
	t.Helper()
	_, found, err := store.Get(t.Context(), key)
	if err != nil {
		t.Errorf("get %s: %v", key, err)
	}
	return found
}

func value(t testing.TB, store *tiered.Store, key string) string {
	t.Helper()
	found, _, err := store.Get(t.Context(), key)
	if err != nil {
		t.Errorf("get %s: %v", key, err)
	}
	return string(found)
}

func want(t testing.TB, store *tiered.Store, key, wanted string) {
	t.Helper()
	got, found, err := store.Get(t.Context(), key)
	if err != nil || !found || !bytes.Equal(got, []byte(wanted)) {
		t.Errorf("%s: got %q, %v, %v; want %q", key, got, found, err, wanted)
	}
}
