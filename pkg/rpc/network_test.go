package rpc_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
)

func TestNetwork_carriesCallsAndFaults(t *testing.T) {
	t.Parallel()
	server := &shelf{}
	r := serve(t, rpc.Config{Addr: "127.0.0.1:0"}, server)
	client := dial(t, r.server.Addr(), rpc.Config{})

	if _, err := client.Set(t.Context(), &cachev1.SetRequest{Value: []byte("kept")}); err != nil {
		t.Fatal(err)
	}
	got, err := client.Get(t.Context(), &cachev1.GetRequest{})
	if err != nil || string(got.GetValue()) != "kept" {
		t.Errorf("got %q, %v", got.GetValue(), err)
	}
	server.err = fault.New(fault.Exhausted, "too_many", "Too many.")
	if _, err := client.Get(t.Context(), &cachev1.GetRequest{}); fault.Of(err).Code != "too_many" {
		t.Errorf("got %v", err)
	}
}

func TestNetwork_takesOnlyCallersItKnows(t *testing.T) {
	t.Parallel()
	token := rpc.NewToken()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	known := write("callers", "gateway "+rpc.TokenHash(token))
	r := serve(t, rpc.Config{Addr: "127.0.0.1:0", CallersFile: known}, &shelf{})
	for name, c := range map[string]struct {
		file string
		ok   bool
	}{
		"known":    {write("token", token), true},
		"stranger": {write("other", rpc.NewToken()), false},
		"nobody":   {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			client := dial(t, r.server.Addr(), rpc.Config{TokenFile: c.file})

			_, err := client.Get(t.Context(), &cachev1.GetRequest{})

			if c.ok && err != nil || !c.ok && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestListen_refusesUnusableSecrets(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"empty": "", "token instead of a hash": "gateway " + rpc.NewToken(), "words": "a b c"} {
		path := filepath.Join(t.TempDir(), "callers")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := rpc.Listen(t.Context(), rpc.Config{Addr: "127.0.0.1:0", CallersFile: path}, testkit.Log(t)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A service that is started again costs its callers time, and no error.
func TestNetwork_waitsForAServiceThatIsStartedAgain(t *testing.T) {
	t.Parallel()
	first := serve(t, rpc.Config{Addr: "127.0.0.1:0"}, &shelf{kept: []byte("first")})
	addr := first.server.Addr()
	client := dial(t, addr, rpc.Config{})
	if _, err := client.Get(t.Context(), &cachev1.GetRequest{}); err != nil {
		t.Fatal(err)
	}

	first.stop()
	answer := make(chan error, 1)
	go func() {
		_, err := client.Get(t.Context(), &cachev1.GetRequest{})
		answer <- err
	}()
	serve(t, rpc.Config{Addr: addr}, &shelf{kept: []byte("second")})

	if err := <-answer; err != nil {
		t.Errorf("the call in between: %v", err)
	}
}

// With two replicas, one that stops costs nobody anything.
func TestNetwork_goesToTheReplicaThatIsLeft(t *testing.T) {
	t.Parallel()
	leaving := serve(t, rpc.Config{Addr: "127.0.0.1:0"}, &shelf{})
	staying := serve(t, rpc.Config{Addr: "127.0.0.1:0"}, &shelf{})
	client := dial(t, leaving.server.Addr()+","+staying.server.Addr(), rpc.Config{})
	call := func(when string) {
		t.Helper()
		for range 20 {
			if _, err := client.Get(t.Context(), &cachev1.GetRequest{}); err != nil {
				t.Fatalf("%s: %v", when, err)
			}
		}
	}

	call("with both")
	stopped := make(chan struct{})
	go func() { defer close(stopped); leaving.stop() }()
	call("while one stops")
	<-stopped
	call("with the other")
}

// An address may be given to another service as soon as a replica has gone, and
// clients hear of that later.
func TestNetwork_passesOverAnAddressThatIsAnotherServicesNow(t *testing.T) {
	t.Parallel()
	other := start(t, rpc.Config{Addr: "127.0.0.1:0"}, func(s *rpc.Server) {
		metricsv1.RegisterMetricsServiceServer(s, metricsv1.UnimplementedMetricsServiceServer{})
	})
	right := serve(t, rpc.Config{Addr: "127.0.0.1:0"}, &shelf{})
	client := dial(t, other.server.Addr()+","+right.server.Addr(), rpc.Config{})

	for range 20 {
		if _, err := client.Get(t.Context(), &cachev1.GetRequest{}); err != nil {
			t.Fatal(err)
		}
	}
}

// running is a server that serves until stop or the end of the test.
type running struct {
	server *rpc.Server
	stop   func()
}

func serve(t *testing.T, cfg rpc.Config, impl cachev1.CacheServiceServer) running {
	t.Helper()
	return start(t, cfg, func(s *rpc.Server) { cachev1.RegisterCacheServiceServer(s, impl) })
}

func start(t *testing.T, cfg rpc.Config, register func(*rpc.Server)) running {
	t.Helper()
	s, err := rpc.Listen(t.Context(), cfg, testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	register(s)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return running{s, stop}
}

func dial(t *testing.T, addr string, cfg rpc.Config) cachev1.CacheServiceClient {
	t.Helper()
	client, err := rpc.Dial("cache", addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return cachev1.NewCacheServiceClient(client)
}
