package redis_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache/internal/redis"
)

const (
	channel = "stenomesh:cache:0:changes"
	nowhere = "unix:///nowhere"
)

func TestStore_findsNothingWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	var log logged
	store := open(t, redis.Config{URL: server.URL()}, slog.New(&log))
	testkit.Eventually(t, "the server is in use", store.Up)
	set(t, store, "page:1")

	server.Stop(t)
	testkit.Eventually(t, "it is away", func() bool { return !store.Up() })
	for range 100 {
		set(t, store, "page:2")
		if has(t, store, "page:1") {
			t.Error("found without a server")
		}
	}
	if rows, err := store.Stats(t.Context()); len(rows) != 0 || err != nil || store.Check(t.Context()) != nil {
		t.Errorf("got %+v, %v; want no row and no error", rows, err)
	}
	server.Start(t)
	testkit.Eventually(t, "it is back", store.Up)

	set(t, store, "page:3")
	if !has(t, store, "page:3") {
		t.Error("not found with the server back")
	}
	if away, back := log.away.Load(), log.back.Load(); away != 1 || back != 2 {
		t.Errorf("logged %d times that it is away and %d times that it is in use", away, back)
	}
}

func TestStore_needsNoServerAtItsStart(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	server.Stop(t)
	var log logged
	store := open(t, redis.Config{URL: server.URL()}, slog.New(&log))
	testkit.Eventually(t, "that is in the log", func() bool { return log.away.Load() == 1 })
	set(t, store, "page:1")

	server.Start(t)

	testkit.Eventually(t, "the server is in use", store.Up)
	set(t, store, "page:2")
	if has(t, store, "page:1") || !has(t, store, "page:2") {
		t.Error("the dropped one is found, or the stored one is not")
	}
}

func TestStore_leavesAServerThatIsSilent(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store := up(t, server.URL())
	set(t, store, "page:1")
	server.Pause(t)

	for n := 0; store.Up() && n < 10; n++ {
		if has(t, store, "page:1") {
			t.Error("found in silence")
		}
	}
	if store.Up() {
		t.Error("it is still used after ten calls without an answer")
	}
	server.Resume(t)

	testkit.Eventually(t, "it is in use again", store.Up)
}

func TestStore_noticesSilenceByItself(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store := up(t, server.URL())

	server.Pause(t)

	testkit.Eventually(t, "it is away", func() bool { return !store.Up() })
}

func TestStore_goesOnWhenTheServerIsEmptied(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	one, other := up(t, server.URL()), up(t, server.URL())
	set(t, one, "page:1")

	server.Flush(t)

	if has(t, one, "page:1") || has(t, other, "page:1") {
		t.Error("found on an empty server")
	}
	set(t, one, "page:1")
	testkit.Eventually(t, "the other finds it", func() bool { return has(t, other, "page:1") })
}

func TestDelete_holdsAlthoughTheServerCouldNotBeReached(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	gate := newProxy(t, server.URL())
	store, other, raw := up(t, gate.url), up(t, server.URL()), client(t, server.URL())
	set(t, store, "page:ann:1")
	set(t, store, "page:bob:1")
	old := hash(t, raw, "page:ann:")
	gate.lead(nowhere)
	testkit.Eventually(t, "the server is away", func() bool { return !store.Up() })

	if err := store.Delete(t.Context(), nil, []string{"page:ann:"}); err != nil {
		t.Errorf("got %v", err)
	}

	if !has(t, other, "page:ann:1") {
		t.Error("the server has heard of it; the story is another")
	}
	gate.lead(server.URL())
	testkit.Eventually(t, "it is back", store.Up)
	if has(t, store, "page:ann:1") || has(t, other, "page:ann:1") {
		t.Error("found when the server was back")
	}
	testkit.Eventually(t, "nothing of it is left on the server", func() bool {
		n, err := raw.Exists(t.Context(), old).Result()
		return err == nil && n == 0
	})
}

func TestDelete_holdsAlthoughTheServerDidNotAnswer(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store := up(t, server.URL())
	set(t, store, "page:1")
	server.Pause(t)

	if err := store.Delete(t.Context(), []string{"page:1"}, nil); err != nil {
		t.Errorf("got %v", err)
	}

	if store.Up() {
		t.Error("the server is still used: nobody knows what it holds")
	}
	server.Resume(t)
	testkit.Eventually(t, "it is back", store.Up)
	if has(t, store, "page:1") {
		t.Error("found when the server was back")
	}
}

func TestDelete_holdsForOthersAlthoughTheReplicaDiedWithIt(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	gate := newProxy(t, server.URL())
	dying, other := up(t, gate.url), up(t, gate.url)
	set(t, dying, "page:1")
	dieWithADeletion(t, gate, dying, "page:1")
	testkit.Eventually(t, "the other finds no server", func() bool { return !other.Up() })
	testkit.Eventually(t, "it has tried to reach it", func() bool { return gate.refused.Load() > 0 })

	gate.lead(server.URL())

	testkit.Eventually(t, "the server is back", other.Up)
	if has(t, other, "page:1") {
		t.Error("the deleted one is found")
	}
}

func TestDelete_holdsForASuccessorAlthoughTheReplicaDiedWithIt(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	gate := newProxy(t, server.URL())
	dying := up(t, gate.url)
	set(t, dying, "page:1")
	dieWithADeletion(t, gate, dying, "page:1")
	var log logged
	successor := open(t, redis.Config{URL: gate.url}, slog.New(&log))
	testkit.Eventually(t, "it finds no server", func() bool { return log.away.Load() == 1 })

	gate.lead(server.URL())

	testkit.Eventually(t, "the server is back", successor.Up)
	if has(t, successor, "page:1") {
		t.Error("the deleted one is found")
	}
}

// dieWithADeletion cuts the server off for all and ends a replica with a deletion
// that the server has not heard of.
func dieWithADeletion(t *testing.T, gate *proxy, dying *redis.Store, key string) {
	t.Helper()
	gate.lead(nowhere)
	testkit.Eventually(t, "the server is away", func() bool { return !dying.Up() })
	if err := dying.Delete(t.Context(), []string{key}, nil); err != nil {
		t.Errorf("got %v", err)
	}
	if err := dying.Close(); err != nil {
		t.Error(err)
	}
	gate.refused.Store(0)
}

func TestStore_trustsOnlyTheGenerationThatHolds(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store, raw := up(t, server.URL()), client(t, server.URL())
	for _, change := range []func() error{
		func() error { return raw.Set(t.Context(), "stenomesh:cache:generation", "another", 0).Err() },
		func() error { return raw.Del(t.Context(), "stenomesh:cache:generation").Err() }, // to make room
		func() error { return raw.LPush(t.Context(), "stenomesh:cache:generation", "nonsense").Err() },
	} {
		testkit.Eventually(t, "the entry is held", func() bool { set(t, store, "page:1"); return has(t, store, "page:1") })
		if err := raw.Del(t.Context(), "stenomesh:cache:generation").Err(); err != nil {
			t.Fatal(err)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}

		if has(t, store, "page:1") {
			t.Error("found in a generation that does not hold")
		}
	}
	testkit.Eventually(t, "entries are held again", func() bool { set(t, store, "page:1"); return has(t, store, "page:1") })
}

func TestStore_keepsWhatItHeldWhenItWasOnlyCutOff(t *testing.T) {
	t.Parallel()
	gate := newProxy(t, testkit.RedisServer(t).URL())
	store := up(t, gate.url)
	set(t, store, "page:1")

	gate.cut()

	testkit.Eventually(t, "what it held is there again", func() bool { return has(t, store, "page:1") })
}

func TestDelete_holdsOnAServerThatIsBehind(t *testing.T) {
	t.Parallel()
	first, second := testkit.RedisServer(t), testkit.RedisServer(t)
	gate := newProxy(t, first.URL())
	store := up(t, gate.url)
	set(t, store, "page:1")
	copyAll(t, first, second)
	if err := store.Delete(t.Context(), []string{"page:1"}, nil); err != nil {
		t.Fatal(err)
	}

	gate.lead(second.URL())

	raw := client(t, second.URL())
	testkit.Eventually(t, "the second is in use", func() bool {
		return store.Up() && raw.PubSubNumSub(t.Context(), channel).Val()[channel] == 1
	})
	if has(t, store, "page:1") {
		t.Error("the deleted one is found on the server that has not heard of it")
	}
}

func TestStore_leavesAServerThatTalksNonsense(t *testing.T) {
	t.Parallel()
	gate := newProxy(t, testkit.RedisServer(t).URL())
	store := up(t, gate.url)
	set(t, store, "page:1")

	gate.garble("HTTP/1.1 400 Bad Request\r\n\r\n")

	testkit.Eventually(t, "it is away", func() bool { return !has(t, store, "page:1") && !store.Up() })
	gate.garble("")
	testkit.Eventually(t, "it is in use again", func() bool { set(t, store, "page:2"); return has(t, store, "page:2") })
}

func TestTier_isToldWhatOthersChange(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	told := &replica{}
	store, err := redis.New(redis.Config{URL: server.URL()}, told, testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	testkit.Eventually(t, "the server is in use", store.Up)
	other, raw := up(t, server.URL()), client(t, server.URL())

	set(t, other, "page:1") // tells nobody: there was no value
	set(t, other, "page:1") // an earlier value is replaced
	testkit.Eventually(t, "the replacement is told", func() bool { return told.changed.Load() == 1 })
	if err := other.Delete(context.Background(), []string{"page:1"}, nil); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the deletion is told", func() bool { return told.changed.Load() == 2 })
	set(t, store, "page:1") // its own changes are not told
	set(t, store, "page:1")

	lost := told.lost.Load()
	for _, text := range []string{"nonsense", "{}"} {
		if err := raw.Publish(t.Context(), channel, text).Err(); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Eventually(t, "nonsense may mean anything", func() bool { return told.lost.Load() == lost+2 })
	if n := told.changed.Load(); n != 2 {
		t.Errorf("told of %d changes, want 2", n)
	}
	if err := raw.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "a cut is told, and the server used again", func() bool { return told.lost.Load() > lost+2 && store.Up() })
}

func TestTier_isToldOfANewGeneration(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	told := &replica{}
	store, err := redis.New(redis.Config{URL: server.URL()}, told, testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	gate := newProxy(t, server.URL())
	other := up(t, gate.url)
	testkit.Eventually(t, "the server is in use", store.Up)
	lost := told.lost.Load()

	gate.lead(nowhere)
	testkit.Eventually(t, "the other is cut off", func() bool { return !other.Up() })
	if err := other.Delete(t.Context(), []string{"page:1"}, nil); err != nil {
		t.Fatal(err)
	}
	gate.lead(server.URL())

	testkit.Eventually(t, "what the other has deleted may be anything", func() bool { return told.lost.Load() == lost+1 })
}

func TestDelete_isDoneInTheGenerationThatHolds(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store, raw := up(t, server.URL()), client(t, server.URL())
	set(t, store, "page:1")
	moved := "stenomesh:cache:v:another:page:1"
	if err := raw.Rename(t.Context(), hash(t, raw, "page:1"), moved).Err(); err != nil {
		t.Fatal(err)
	}
	if err := raw.Set(t.Context(), "stenomesh:cache:generation", "another", 0).Err(); err != nil {
		t.Fatal(err)
	}

	if err := store.Delete(t.Context(), []string{"page:1"}, nil); err != nil {
		t.Fatal(err)
	}

	if n, err := raw.Exists(t.Context(), moved).Result(); err != nil || n != 0 || !store.Up() {
		t.Errorf("%d entries are left, %v", n, err)
	}
}

// copyAll makes a server hold what another holds.
func copyAll(t *testing.T, from, to *testkit.OwnRedis) {
	t.Helper()
	source, target := client(t, from.URL()), client(t, to.URL())
	names, err := source.Keys(t.Context(), "*").Result()
	if err != nil || len(names) < 2 || !strings.HasPrefix(names[0], "stenomesh:") {
		t.Fatalf("got %v, %v", names, err)
	}
	for _, name := range names {
		dump, err := source.Dump(t.Context(), name).Result()
		if err != nil {
			t.Fatal(err)
		}
		life := max(0, source.PTTL(t.Context(), name).Val())
		if err := target.Restore(t.Context(), name, life, dump).Err(); err != nil {
			t.Fatal(err)
		}
	}
}
