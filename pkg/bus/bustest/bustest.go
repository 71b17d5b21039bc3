// Package bustest gives tests the bus of a mesh of many processes: a NATS server with
// the configuration of deploy/nats, a key for each service, and a port.
package bustest

import (
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// Server is a running NATS server.
type Server struct {
	t      testing.TB
	dir    string
	extra  string
	keys   map[string]string // public key of each service
	server *server.Server
}

// Start starts a server that ends with the test. It has no streams yet. extra are
// lines for its configuration.
func Start(t testing.TB, extra string) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), extra: extra, keys: map[string]string{}}
	for _, service := range bus.Users() {
		seed, public, err := bus.NewUserKey()
		s.must(err)
		s.must(os.WriteFile(s.SeedFile(service), seed, 0o600))
		s.keys[service] = public
	}
	running, err := server.NewServer(s.options(s.keys))
	s.must(err)
	s.server = running
	running.Start()
	t.Cleanup(func() { running.Shutdown(); running.WaitForShutdown() })
	if !running.ReadyForConnections(testkit.Patience) {
		t.Fatal("the NATS server is not ready")
	}
	return s
}

// URL is where the server is.
func (s *Server) URL() string { return s.server.ClientURL() }

// SeedFile is where the key of a service is.
func (s *Server) SeedFile(service string) string { return filepath.Join(s.dir, service+".seed") }

// Provision makes the streams, as the provisioner does.
func (s *Server) Provision(models ...string) {
	s.t.Helper()
	b := s.Open("provisioner", testkit.Log(s.t))
	s.must(bus.Provision(s.t.Context(), b.JS, bus.DistributedLayout(models, 1)))
}

// Open connects as a service does. The connection ends with the test.
func (s *Server) Open(service string, log *slog.Logger) *bus.Bus {
	s.t.Helper()
	b, err := bus.Open(s.t.Context(), bus.Config{URL: s.URL(), SeedFile: s.SeedFile(service)}, service, log)
	s.must(err)
	s.t.Cleanup(b.Close)
	s.must(b.Await(s.t.Context(), testkit.Patience))
	return b
}

// Revoke locks a service out, as an operator does who leaves it out of the accounts
// and has the server read them again. Admit lets it in again.
func (s *Server) Revoke(service string) {
	s.t.Helper()
	left := maps.Clone(s.keys)
	delete(left, service)
	s.must(s.server.ReloadOptions(s.options(left)))
}

// Admit lets all services in.
func (s *Server) Admit() {
	s.t.Helper()
	s.must(s.server.ReloadOptions(s.options(s.keys)))
}

// options reads the configuration of deploy/nats with accounts beside it. Only where
// the server listens and stores is the test's own.
func (s *Server) options(keys map[string]string) *server.Options {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(testkit.Root(s.t), "deploy", "nats", "nats.conf"))
	s.must(err)
	accounts, err := bus.RenderAccounts(keys)
	s.must(err)
	file := filepath.Join(s.dir, "nats.conf")
	s.must(os.MkdirAll(filepath.Join(s.dir, "accounts"), 0o700))
	s.must(os.WriteFile(filepath.Join(s.dir, "accounts", "accounts.conf"), []byte(accounts), 0o600))
	s.must(os.WriteFile(file, append(text, s.extra...), 0o600))
	opts, err := server.ProcessConfigFile(file)
	s.must(err)
	opts.Host, opts.Port, opts.HTTPPort = "127.0.0.1", server.RANDOM_PORT, 0
	if s.server != nil { // it stays where it is
		opts.Port = s.server.Addr().(*net.TCPAddr).Port
	}
	opts.StoreDir = filepath.Join(s.dir, "store")
	opts.NoSigs = true
	return opts
}

func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
