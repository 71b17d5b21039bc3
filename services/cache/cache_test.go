package cache_test

import (
	"context"
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	"github.com/stenomesh/stenomesh/services/cache"
)

func TestService_keepsCountsAndForgets(t *testing.T) {
	t.Parallel()
	client := serve(t)
	if _, err := client.Set(t.Context(), &cachev1.SetRequest{Key: "page:ann:1", Value: []byte("x"), TtlMs: 60_000}); err != nil {
		t.Fatal(err)
	}

	hit, hitErr := client.Get(t.Context(), &cachev1.GetRequest{Key: "page:ann:1"})
	_, deleteErr := client.Delete(t.Context(), &cachev1.DeleteRequest{Prefixes: []string{"page:ann:"}})
	miss, missErr := client.Get(t.Context(), &cachev1.GetRequest{Key: "page:ann:1"})
	stats, statsErr := client.GetStats(t.Context(), &cachev1.GetStatsRequest{})

	if hitErr != nil || !hit.GetFound() || string(hit.GetValue()) != "x" {
		t.Errorf("got %v, %v", hit, hitErr)
	}
	if deleteErr != nil || missErr != nil || miss.GetFound() {
		t.Errorf("after deletion: %v, %v, %v", miss, deleteErr, missErr)
	}
	if kinds := stats.GetKinds(); statsErr != nil || len(kinds) != 1 || kinds[0].GetHits() != 1 || kinds[0].GetMisses() != 1 {
		t.Errorf("got %v, %v", stats, statsErr)
	}
}

func TestService_refusesWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	client := serve(t)
	cases := map[string]struct {
		req  *cachev1.SetRequest
		code string
	}{
		"no key":         {&cachev1.SetRequest{TtlMs: 1}, "invalid_key"},
		"no kind":        {&cachev1.SetRequest{Key: ":x", TtlMs: 1}, "invalid_key"},
		"only a kind":    {&cachev1.SetRequest{Key: "page", TtlMs: 1}, "invalid_key"},
		"long key":       {&cachev1.SetRequest{Key: "page:" + strings.Repeat("x", 1024), TtlMs: 1}, "invalid_key"},
		"no time":        {&cachev1.SetRequest{Key: "page:x"}, "invalid_ttl"},
		"time backwards": {&cachev1.SetRequest{Key: "page:x", TtlMs: -1}, "invalid_ttl"},
		"over 8 MiB":     {&cachev1.SetRequest{Key: "page:x", TtlMs: 1, Value: make([]byte, 8<<20+1)}, "value_too_large"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := client.Set(t.Context(), c.req)
			if got := fault.Of(err); got == nil || got.Kind != fault.Invalid || got.Code != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	_, err := client.Delete(t.Context(), &cachev1.DeleteRequest{Prefixes: []string{""}})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("empty prefix: got %v, want invalid", err)
	}
}

func TestService_takesTheLargestValueAndTheLongestTime(t *testing.T) {
	t.Parallel()
	client := serve(t)
	req := &cachev1.SetRequest{Key: "page:x", TtlMs: 1<<63 - 1, Value: make([]byte, 8<<20)}
	if _, err := client.Set(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	got, err := client.Get(t.Context(), &cachev1.GetRequest{Key: "page:x"})
	if err != nil || len(got.GetValue()) != 8<<20 {
		t.Errorf("got %d bytes, %v", len(got.GetValue()), err)
	}
}

func TestConfig_isReadFromFlags(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-cache.capacity-bytes=0", "-cache.redis-url=nonsense", "-cache.redis-url=redis://:secret@redis"} {
		if _, err := cache.New(parse(t, arg), testkit.Log(t)); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want invalid", arg, err)
		}
	}
	cfg := parse(t, "-cache.redis-url=redis://redis:6379/0", "-cache.redis-password-file=/nowhere")
	if _, err := cache.New(cfg, testkit.Log(t)); err == nil {
		t.Error("a missing password file is no error")
	}
}

func parse(t *testing.T, args ...string) cache.Config {
	t.Helper()
	cfg := cache.DefaultConfig()
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	cfg.RegisterFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestService_isReadyAndFindsNothingWithoutItsServer(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	server.Stop(t)
	service, client := start(t, parse(t, "-cache.redis-url="+server.URL()))
	request := &cachev1.SetRequest{Key: "page:ann:1", Value: []byte("x"), TtlMs: 60_000}

	_, setErr := client.Set(t.Context(), request)
	got, getErr := client.Get(t.Context(), &cachev1.GetRequest{Key: "page:ann:1"})
	_, deleteErr := client.Delete(t.Context(), &cachev1.DeleteRequest{Prefixes: []string{"page:ann:"}})

	if err := errors.Join(service.Check(t.Context()), setErr, getErr, deleteErr); err != nil || got.GetFound() {
		t.Errorf("got %v, %v", got, err)
	}
	server.Start(t)
	testkit.Eventually(t, "it keeps values when the server is there", func() bool {
		_, err := client.Set(t.Context(), request)
		got, getErr := client.Get(t.Context(), &cachev1.GetRequest{Key: "page:ann:1"})
		return err == nil && getErr == nil && got.GetFound()
	})
}

// serve starts a cache in this process.
func serve(t *testing.T) cachev1.CacheServiceClient {
	t.Helper()
	_, client := start(t, cache.DefaultConfig())
	return client
}

// start starts a cache that ends with the test.
func start(t *testing.T, cfg cache.Config) (*cache.Service, cachev1.CacheServiceClient) {
	t.Helper()
	service, err := cache.New(cfg, testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	conn := rpc.NewInProcess(testkit.Log(t))
	service.Register(conn)
	return service, cachev1.NewCacheServiceClient(conn)
}
