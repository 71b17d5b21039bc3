package meshtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/secrets"
)

// Layout says how many replicas a cluster has, and with what settings.
type Layout struct {
	Replicas map[string]int      // by service; 1 of those that are not named
	Flags    map[string][]string // by service, beside the usual ones
	Engine   string              // "whisper-engine", or by default "scripted-engine"
	Env      []string            // of all services, beside that of the tests
}

// Cluster is a mesh of many processes on this machine: a NATS server with a user
// for each service, PostgreSQL, Redis, and a process for each replica, as compose
// runs them in containers.
type Cluster struct {
	Mesh     // its URL is that of the first gateway
	Bus      *Program
	Postgres *testkit.OwnPostgres
	Redis    *testkit.OwnRedis
	// Replicas are the processes of each service.
	Replicas map[string][]*Program
	URLs     []string // of the gateways

	t       testing.TB
	layout  Layout
	secrets string
	store   string // URL of the database
	addr    map[string][]string
	busAddr string
}

// services in the order in which they start; they would do it in any.
var services = []string{"history", "cache", "metrics", "transcriber", "preprocess", "dispatcher", "gateway"}

// StartCluster starts all of it and waits until every process is ready. It ends
// with the test.
func StartCluster(t testing.TB, layout Layout) *Cluster {
	t.Helper()
	c := &Cluster{t: t, layout: layout, Replicas: map[string][]*Program{}, addr: map[string][]string{}}
	c.Data = t.TempDir()
	c.secrets = filepath.Join(c.Data, "secrets")
	if _, err := secrets.Make(c.secrets); err != nil {
		t.Fatal(err)
	}
	c.startBus()
	c.Postgres = testkit.PostgresServer(t)
	c.store = c.Postgres.Database(t)
	c.Redis = testkit.RedisServer(t)
	c.provision()
	for _, service := range services {
		for n := range max(1, layout.Replicas[service]) {
			c.add(service, n)
		}
	}
	for _, service := range services {
		for _, p := range c.Replicas[service] {
			p.AwaitReady()
		}
	}
	c.URL = c.URLs[0]
	return c
}

// busConfig is deploy/nats/nats.conf for one machine and a moment.
const busConfig = `
listen: %q
max_payload: 1MB
write_deadline: "10s"
jetstream {
  store_dir: %q
  sync_interval: always
  max_memory_store: 256MB
  max_file_store: 16GB
}
include "secrets/nats/accounts.conf"
`

func (c *Cluster) startBus() {
	c.t.Helper()
	c.busAddr = freeAddress(c.t)
	config := filepath.Join(c.Data, "nats.conf")
	text := fmt.Sprintf(busConfig, c.busAddr, filepath.Join(c.Data, "bus"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.Bus = &Program{
		Name: "nats-server", path: testkit.Binary(c.t, "nats-server"), args: []string{"-c", config}, t: c.t,
		ready: func(context.Context) bool {
			nc, err := nats.Connect("nats://"+c.busAddr, c.key("provisioner"))
			if err != nil {
				return false
			}
			defer nc.Close()
			return true
		},
	}
	c.t.Cleanup(c.Bus.Stop)
	c.Bus.Start()
}

func (c *Cluster) secret(service, name string) string { return filepath.Join(c.secrets, service, name) }

func (c *Cluster) key(service string) nats.Option {
	option, err := nats.NkeyOptionFromSeed(c.secret(service, "bus.seed"))
	if err != nil {
		c.t.Fatal(err)
	}
	return option
}

// Connect opens a connection to the bus as a service, to look into the streams.
func (c *Cluster) Connect(service string) *bus.Bus {
	c.t.Helper()
	b, err := bus.Open(c.t.Context(), bus.Config{URL: "nats://" + c.busAddr, SeedFile: c.secret(service, "bus.seed")},
		service, testkit.Log(c.t))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(b.Close)
	return b
}

func (c *Cluster) provision() {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), testkit.Binary(c.t, "stenomesh"), "provision",
		"-bus.url", "nats://"+c.busAddr, "-bus.seed-file", c.secret("provisioner", "bus.seed"))
	if said, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("provision: %v\n%s", err, said)
	}
}

// add starts one more replica of a service.
func (c *Cluster) add(service string, n int) {
	c.t.Helper()
	ops := freeAddress(c.t)
	p := &Program{
		Name: fmt.Sprintf("%s-%d", service, n+1), path: testkit.Binary(c.t, "stenomesh"), t: c.t, ready: isReady(ops),
		args: append(c.common(service, n, ops), c.own(service)...), env: c.layout.Env,
	}
	p.args = append(p.args, c.layout.Flags[service]...)
	c.Replicas[service] = append(c.Replicas[service], p)
	c.t.Cleanup(p.Stop)
	p.Launch()
}

func (c *Cluster) common(service string, n int, ops string) []string {
	return []string{
		"up", "-target", service, "-log-level", "warn", "-ops.addr", ops,
		"-data", filepath.Join(c.Data, fmt.Sprintf("%s-%d", service, n+1)), "-blobs", filepath.Join(c.Data, "blobs"),
		"-models", filepath.Join(testkit.Root(c.t), "deploy", "models"),
		"-bus.url", "nats://" + c.busAddr, "-bus.seed-file", c.secret(service, "bus.seed"),
	}
}

// own are the flags that only one service has.
func (c *Cluster) own(service string) []string {
	called := func(more ...string) []string {
		at := freeAddress(c.t)
		c.addr[service] = append(c.addr[service], at)
		return append([]string{"-rpc.addr", at, "-rpc.callers-file", c.secret(service, "callers")}, more...)
	}
	switch service {
	case "history":
		return called("-history.store-url", c.store, "-user", User+":"+Password, "-user", "bob:bob-secret")
	case "cache":
		return called("-cache.redis-url", c.Redis.URL())
	case "metrics":
		return called()
	case "transcriber":
		return []string{"-transcriber.engine", testkit.Binary(c.t, c.engine())}
	case "dispatcher":
		return []string{"-rpc.token-file", c.secret(service, "token"), "-history.addr", c.at("history")}
	case "gateway":
		at := freeAddress(c.t)
		c.URLs = append(c.URLs, "http://"+at)
		return []string{
			"-addr", at, "-model-fallback", "demo", "-gateway.key-file", c.secret(service, "token.key"),
			"-rpc.token-file", c.secret(service, "token"), "-history.addr", c.at("history"),
			"-cache.addr", c.at("cache"), "-metrics.addr", c.at("metrics"),
		}
	}
	return nil
}

func (c *Cluster) at(service string) string { return strings.Join(c.addr[service], ",") }

func (c *Cluster) engine() string {
	if c.layout.Engine != "" {
		return c.layout.Engine
	}
	return "scripted-engine"
}

// Supervise starts every process of a service again whenever it ends, until the
// returned function is called.
func (c *Cluster) Supervise() (stop func()) {
	var stops []func()
	for _, replicas := range c.Replicas {
		for _, p := range replicas {
			stops = append(stops, p.Supervise())
		}
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}
