package meshtest

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

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
	Blobs    string              // folder of the blobs; by default one below Data
	Store    string              // folder of the bus; by default one below Data
}

// What one process of a service has at work at most, so that a test can tell what
// its death cut off.
const (
	Slots   = 2 // of a transcriber
	Workers = 1 // of a preprocess
)

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
	witness func() *bus.Bus
}

// services in the order in which they start; they would do it in any.
var services = []string{"history", "cache", "metrics", "transcriber", "preprocess", "dispatcher", "gateway"}

// StartCluster starts all of it and waits until every process is ready. It ends
// with the test.
func StartCluster(t testing.TB, layout Layout) *Cluster {
	t.Helper()
	c := &Cluster{t: t, layout: layout, Replicas: map[string][]*Program{}, addr: map[string][]string{}}
	c.witness = sync.OnceValue(func() *bus.Bus { return c.Connect(witness) })
	c.Data = t.TempDir()
	c.secrets = filepath.Join(c.Data, "secrets")
	if _, err := secrets.Make(c.secrets); err != nil {
		t.Fatal(err)
	}
	if c.layout.Store == "" {
		c.layout.Store = filepath.Join(c.Data, "bus")
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

// add starts one more replica of a service.
func (c *Cluster) add(service string, n int) {
	c.t.Helper()
	ops := freeAddress(c.t)
	p := &Program{
		Name: fmt.Sprintf("%s-%d", service, n+1), path: testkit.Binary(c.t, "stenomesh"), t: c.t, ops: ops, ready: isReady(ops),
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
		"-data", filepath.Join(c.Data, fmt.Sprintf("%s-%d", service, n+1)), "-blobs", c.BlobFolder(),
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
		return []string{"-transcriber.engine", testkit.Binary(c.t, c.engine()), "-transcriber.slots", strconv.Itoa(Slots)}
	case "preprocess":
		return []string{"-preprocess.workers", strconv.Itoa(Workers)}
	case "dispatcher":
		return []string{"-dispatcher.sweep", "2s", "-rpc.token-file", c.secret(service, "token"), "-history.addr", c.at("history"), "-cache.addr", c.at("cache")}
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

// BlobFolder is where the blobs are of a cluster, or of one process on its own.
func (c *Cluster) BlobFolder() string {
	if c.layout.Blobs != "" {
		return c.layout.Blobs
	}
	return filepath.Join(c.Data, "blobs")
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
