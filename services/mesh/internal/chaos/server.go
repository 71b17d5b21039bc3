package chaos

import (
	"fmt"
	"net"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// Server is a NATS server inside the test that goes away and comes back, at one
// address and with what it had stored.
type Server struct {
	t      testing.TB
	folder string
	port   int
	server *server.Server
}

// serverConfig is that of the project's server, on a port of this machine.
const serverConfig = `
listen: "127.0.0.1:%d"
max_payload: 1MB
write_deadline: "10s"
jetstream { store_dir: %q, sync_interval: always, max_memory_store: 256MB, max_file_store: 16GB }
`

// StartServer starts one with all streams. It ends with the test.
func StartServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, folder: t.TempDir(), port: server.RANDOM_PORT}
	s.Start()
	t.Cleanup(s.Stop)
	s.port = s.server.Addr().(*net.TCPAddr).Port
	s.Provision(s.Connect())
	return s
}

// Addr is where it listens, URL the same for clients.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Folder is where its store is.
func (s *Server) Folder() string { return s.folder }

// URL is where clients connect.
func (s *Server) URL() string { return "nats://" + s.Addr() }

// Start starts it; it is back when this returns.
func (s *Server) Start() {
	s.t.Helper()
	options := &server.Options{}
	if err := options.ProcessConfigString(fmt.Sprintf(serverConfig, s.port, s.folder)); err != nil {
		s.t.Fatal(err)
	}
	options.NoSigs = true
	running, err := server.NewServer(options)
	if err != nil {
		s.t.Fatal(err)
	}
	running.Start()
	if !running.ReadyForConnections(testkit.Patience) {
		s.t.Fatal("the NATS server is not ready")
	}
	s.server = running
}

// Stop ends it and waits.
func (s *Server) Stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

// Connect opens a connection that ends with the test.
func (s *Server) Connect() *bus.Bus {
	s.t.Helper()
	b, err := bus.Connect("test", s.URL(), testkit.Log(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(b.NC.Close)
	return b
}

// Provision makes the streams and consumers that are missing, as an operator does.
func (s *Server) Provision(b *bus.Bus) {
	s.t.Helper()
	if err := bus.Provision(s.t.Context(), b.JS, bus.DistributedLayout([]string{"demo"}, 1)); err != nil {
		s.t.Fatal(err)
	}
}
