// Package cache keeps derived data that may be lost at any time: transcripts,
// API answers, lists. Whoever asks can always make the value again, so an error
// here is never more than a miss. Keys are "<kind>:<rest>"; how well each kind
// is served is counted.
//
//	gateway ──gRPC──> CacheService ──> Store (in this process)
package cache

import (
	"context"
	"flag"

	"google.golang.org/grpc"

	"github.com/stenomesh/stenomesh/pkg/fault"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	"github.com/stenomesh/stenomesh/services/cache/internal/memory"
)

// Config is what an operator may set.
type Config struct {
	CapacityBytes int64 // of keys and values held at once
}

// DefaultConfig holds 64 MiB.
func DefaultConfig() Config { return Config{CapacityBytes: 64 << 20} }

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.Int64Var(&c.CapacityBytes, "cache.capacity-bytes", c.CapacityBytes, "bytes of keys and values held at once")
}

// Service answers from its store.
type Service struct {
	store  Store
	server *server
}

// New returns an empty cache. Whoever calls New calls Run or Close.
func New(cfg Config) (*Service, error) {
	if cfg.CapacityBytes < 1 {
		return nil, fault.New(fault.Invalid, "invalid_capacity", "cache.capacity-bytes must be at least 1.")
	}
	store, err := memory.New(uint64(cfg.CapacityBytes))
	if err != nil {
		return nil, err
	}
	return &Service{store: store, server: &server{store: store}}, nil
}

// Register adds CacheService to a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	cachev1.RegisterCacheServiceServer(registrar, s.server)
}

// Run waits until ctx ends and drops what is held.
func (s *Service) Run(ctx context.Context) error {
	<-ctx.Done()
	return s.Close()
}

// Check proves that the store answers.
func (s *Service) Check(ctx context.Context) error { return s.store.Check(ctx) }

// Close drops what is held; a second call does nothing. Run does it too.
func (s *Service) Close() error { return s.store.Close() }
