package rpc

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
)

const (
	// Clients look for new replicas only when a connection ends, so each ends
	// after a while (the library spreads that by a tenth).
	maxConnectionAge   = time.Minute
	maxConnectionGrace = 30 * time.Second
	// A client may ask this often whether the server is alive; the library's own
	// five minutes would have it refuse ours (pingInterval).
	minPingInterval = 10 * time.Second
	// stopTime is how long calls may still take when the server stops.
	stopTime = 10 * time.Second
	// maxMessage bounds a call in bytes: the transcript of a day of audio is some
	// 20 MB.
	maxMessage = 64 << 20
)

// Config is how a process is called by others and calls them.
type Config struct {
	Addr        string // where it serves; empty: nowhere
	TokenFile   string // what it shows to others; empty: nothing
	CallersFile string // whose tokens it takes; empty: it asks for none
}

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.StringVar(&c.Addr, "rpc.addr", c.Addr, "address that gRPC is served on, for example :9000; empty for none")
	flags.StringVar(&c.TokenFile, "rpc.token-file", c.TokenFile, "file with the token that this process shows to the services it calls")
	flags.StringVar(&c.CallersFile, "rpc.callers-file", c.CallersFile, "file with the hashes of the tokens of those who may call; empty to ask nobody")
}

// Server serves the network. It is a grpc.ServiceRegistrar.
type Server struct {
	*grpc.Server
	listener net.Listener
	health   *health.Server
	log      *slog.Logger
}

// Listen makes a server on cfg.Addr that answers from Run on. Whoever calls it
// calls Run.
func Listen(ctx context.Context, cfg Config, log *slog.Logger) (*Server, error) {
	interceptors := []grpc.UnaryServerInterceptor{ServerInterceptor(log)}
	if cfg.CallersFile != "" {
		known, err := readCallers(cfg.CallersFile)
		if err != nil {
			return nil, fmt.Errorf("serve rpc: %w", err)
		}
		interceptors = append(interceptors, known.intercept)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("serve rpc: %w", err)
	}
	s := &Server{listener: listener, health: health.NewServer(), log: log}
	s.Server = grpc.NewServer(
		grpc.ChainUnaryInterceptor(interceptors...),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: maxConnectionAge, MaxConnectionAgeGrace: maxConnectionGrace,
			Time: pingInterval, Timeout: pingTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPingInterval, PermitWithoutStream: true}),
		grpc.MaxRecvMsgSize(maxMessage),
	)
	healthv1.RegisterHealthServer(s.Server, s.health)
	return s, nil
}

// Addr returns where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// SetServing tells clients whether to send calls here. They do from Run on.
func (s *Server) SetServing(serving bool) {
	status := healthv1.HealthCheckResponse_SERVING
	if !serving {
		status = healthv1.HealthCheckResponse_NOT_SERVING
	}
	s.health.SetServingStatus("", status)
	for contract := range s.GetServiceInfo() {
		service, _, _ := strings.Cut(contract, ".") // "history" of "history.v1.HistoryService"
		s.health.SetServingStatus(service, status)
	}
}

// Run serves until ctx ends, then lets the calls there are finish for a while.
// Clients are told to go elsewhere.
func (s *Server) Run(ctx context.Context) error {
	s.SetServing(true)
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve rpc: %w", err)
	case <-ctx.Done():
	}
	s.health.Shutdown()
	forced := time.AfterFunc(stopTime, s.Stop)
	s.GracefulStop()
	forced.Stop()
	return nil
}
