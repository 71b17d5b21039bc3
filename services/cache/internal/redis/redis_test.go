package redis_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/cache/internal/redis"
	"github.com/stenomesh/stenomesh/services/cache/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) cache.Store { return up(t, testkit.RedisServer(t).URL()) })
}

func TestStore_takesPrefixesLiterally(t *testing.T) {
	t.Parallel()
	store := up(t, testkit.RedisServer(t).URL())
	keys := []string{"page:a*:1", "page:ab:1", "page:a?:1", `page:a\:1`, "page:a[b]:1"}
	for _, prefix := range []string{"page:a*", "page:a?", `page:a\`, "page:a[b]"} {
		for _, key := range keys {
			set(t, store, key)
		}

		if err := store.Delete(t.Context(), nil, []string{prefix}); err != nil {
			t.Fatal(err)
		}

		for _, key := range keys {
			if has(t, store, key) == strings.HasPrefix(key, prefix) {
				t.Errorf("prefix %s: %s", prefix, key)
			}
		}
	}
}

func TestStore_seesWhatAnotherReplicaDoes(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	one, other := up(t, server.URL()), up(t, server.URL())
	for _, key := range []string{"page:ann:1", "page:ann:2", "page:bob:1"} {
		set(t, one, key)
	}
	if !has(t, other, "page:ann:1") || !has(t, other, "page:bob:1") {
		t.Error("the other does not find what one has set")
	}

	if err := other.Delete(t.Context(), []string{"page:bob:1"}, []string{"page:ann:"}); err != nil {
		t.Fatal(err)
	}

	for _, key := range []string{"page:ann:1", "page:ann:2", "page:bob:1"} {
		if has(t, one, key) {
			t.Errorf("one still finds %s", key)
		}
	}
}

func TestStore_staysWithinWhatTheServerAllows(t *testing.T) {
	t.Parallel()
	store := up(t, testkit.RedisServer(t, "--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru").URL())
	fill(t, store)

	testkit.Eventually(t, "there is room for more", func() bool {
		set(t, store, "page:last")
		return has(t, store, "page:last")
	})
}

func TestStore_dropsWhatTheServerRefuses(t *testing.T) {
	t.Parallel()
	store := up(t, testkit.RedisServer(t, "--maxmemory", "4mb", "--maxmemory-policy", "noeviction").URL())
	fill(t, store)

	if !has(t, store, "page:0") || has(t, store, "page:79") || !store.Up() {
		t.Error("the first is not there, or the last is, or the server is not used any more")
	}
}

// fill sets twice what a server of 4 MB takes.
func fill(t *testing.T, store *redis.Store) {
	t.Helper()
	for n := range 80 {
		if err := store.Set(t.Context(), fmt.Sprintf("page:%d", n), make([]byte, 100_000), time.Hour); err != nil {
			t.Error(err)
		}
	}
}

func TestStore_takesDamagedEntriesForNone(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	store, raw := up(t, server.URL()), client(t, server.URL())
	keys := []string{"page:ann:1", "page:ann:2", "page:ann:3", "page:bob:1", "page:carl:1"}
	for _, key := range keys {
		set(t, store, key)
	}
	ann, bob, carl := hash(t, raw, "page:ann:"), hash(t, raw, "page:bob:"), hash(t, raw, "page:carl:")
	for _, err := range []error{
		raw.HSet(t.Context(), ann, "1", "garbage", "2", "").Err(),
		raw.HSet(t.Context(), ann, "3", raw.HGet(t.Context(), bob, "1").Val()).Err(), // another's value
		raw.Set(t.Context(), bob, "not a hash", 0).Err(),
		raw.HSet(t.Context(), carl, "1", raw.HGet(t.Context(), carl, "1").Val()+"more").Err(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}

	for _, key := range keys {
		if has(t, store, key) {
			t.Errorf("%s is found", key)
		}
	}
	if !store.Up() {
		t.Error("the server is not used any more")
	}
}

func TestStore_logsInWithThePasswordOfAFile(t *testing.T) {
	t.Parallel()
	url := testkit.RedisServer(t, "--requirepass", "sesame").URL()
	right, wrong := filepath.Join(t.TempDir(), "right"), filepath.Join(t.TempDir(), "wrong")
	for file, password := range map[string]string{right: "sesame\n", wrong: "pumpkin\n"} {
		if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log logged
	refused := open(t, redis.Config{URL: url, PasswordFile: wrong}, slog.New(&log))

	store := open(t, redis.Config{URL: url, PasswordFile: right}, testkit.Log(t))

	testkit.Eventually(t, "one is let in", store.Up)
	testkit.Eventually(t, "the other is refused", func() bool { return log.away.Load() == 1 })
	if refused.Up() {
		t.Error("it is let in")
	}
	if text, _ := log.text.Load().(string); strings.Contains(text, "pumpkin") || !strings.Contains(text, "WRONGPASS") {
		t.Errorf("logged: %s", text)
	}
}

func TestNew_refusesSettingsWithoutTellingThem(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"redis://user:sesame@host:port/0", "http://sesame", "redis://:sesame@host", "redis://host?sesame=1"} {
		_, err := redis.New(redis.Config{URL: url}, &replica{}, testkit.Log(t))
		if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: got %v", url, err)
		}
	}
	if _, err := redis.New(redis.Config{URL: "redis://host", PasswordFile: "/nowhere"}, &replica{}, testkit.Log(t)); err == nil {
		t.Error("a missing password file is no error")
	}
}

func TestStore_tellsAboutTheServer(t *testing.T) {
	t.Parallel()
	store := up(t, testkit.RedisServer(t).URL())
	set(t, store, "page:ann:1")
	has(t, store, "page:ann:1")
	has(t, store, "page:ann:2")

	rows, err := store.Stats(t.Context())

	if err != nil || len(rows) != 1 || rows[0].Name != "redis" || rows[0].Hits != 1 || rows[0].Misses != 1 ||
		rows[0].Entries != 2 || rows[0].Bytes == 0 { // the group, and the generation
		t.Errorf("got %+v, %v", rows, err)
	}
}

// replica counts what it is told.
type replica struct{ changed, lost atomic.Int32 }

func (r *replica) Changed(_, _ []string) { r.changed.Add(1) }
func (r *replica) Lost()                 { r.lost.Add(1) }

// logged counts what the log says about the server.
type logged struct {
	away, back atomic.Int32
	text       atomic.Value // of the last record
}

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }
func (l *logged) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logged) WithGroup(string) slog.Handler            { return l }

func (l *logged) Handle(_ context.Context, record slog.Record) error {
	var text strings.Builder
	text.WriteString(record.Message)
	record.Attrs(func(a slog.Attr) bool { text.WriteString(" " + a.String()); return true })
	l.text.Store(text.String())
	if record.Level == slog.LevelWarn {
		l.away.Add(1)
	} else {
		l.back.Add(1)
	}
	return nil
}

func open(t testing.TB, cfg redis.Config, log *slog.Logger) *redis.Store {
	t.Helper()
	store, err := redis.New(cfg, &replica{}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// up returns a store that uses its server.
func up(t testing.TB, url string) *redis.Store {
	t.Helper()
	store := open(t, redis.Config{URL: url}, testkit.Log(t))
	testkit.Eventually(t, "the server is in use", store.Up)
	return store
}

// client talks to the server behind the store's back.
func client(t testing.TB, url string) *goredis.Client {
	t.Helper()
	options, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	raw := goredis.NewClient(options)
	t.Cleanup(func() { _ = raw.Close() })
	return raw
}

// hash is where the only generation of a server has a group.
func hash(t *testing.T, raw *goredis.Client, group string) string {
	t.Helper()
	found, err := raw.Keys(t.Context(), "stenomesh:cache:v:*:"+group).Result()
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: got %v, %v", group, found, err)
	}
	return found[0]
}

func set(t testing.TB, store *redis.Store, key string) {
	t.Helper()
	if err := store.Set(t.Context(), key, []byte("x"), time.Hour); err != nil {
		t.Errorf("set %s: %v", key, err)
	}
}

func has(t testing.TB, store *redis.Store, key string) bool {
	t.Helper()
	_, found, err := store.Get(t.Context(), key)
	if err != nil {
		t.Errorf("get %s: %v", key, err)
	}
	return found
}
