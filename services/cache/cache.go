// Package cache keeps derived data that may be lost at any time: transcripts,
// API answers, lists. Whoever asks can always make the value again, so an error
// here is never more than a miss. Keys are "<kind>:<rest>"; how well each kind
// is served is counted.
//
//	gateway ──gRPC──> CacheService ──> Store: memory (one process)
//	                                        or tiered (replicas over one Redis server)
package cache

import (
	"context"
	"flag"
	"log/slog"

	"google.golang.org/grpc"

	"github.com/stenomesh/stenomesh/pkg/fault"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	"github.com/stenomesh/stenomesh/services/cache/internal/memory"
	"github.com/stenomesh/stenomesh/services/cache/internal/redis"
	"github.com/stenomesh/stenomesh/services/cache/internal/tiered"
)

// Config is what an operator may set.
type Config struct {
	CapacityBytes     int64  // of keys and values held at once in this process
	RedisURL          string // empty: nothing is held but in this process
	RedisPasswordFile string // empty: the server asks for none
}

// DefaultConfig holds 64 MiB, in this process.
func DefaultConfig() Config { return Config{CapacityBytes: 64 << 20} }

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.Int64Var(&c.CapacityBytes, "cache.capacity-bytes", c.CapacityBytes, "bytes of keys and values held at once in this process")
	flags.StringVar(&c.RedisURL, "cache.redis-url", c.RedisURL, "Redis server that all replicas share, for example redis://redis:6379/0; empty: each process by itself")
	flags.StringVar(&c.RedisPasswordFile, "cache.redis-password-file", c.RedisPasswordFile, "file with the password of the Redis server; empty when it asks for none")
}

// Service answers from its store.
type Service struct {
	store  Store
	server *server
}

// New returns a cache. A Redis server need not be there: until it is, nothing is
// found. Whoever calls New calls Run or Close.
func New(cfg Config, log *slog.Logger) (*Service, error) {
	store, err := open(cfg, log)
	if err != nil {
		return nil, err
	}
	return &Service{store: store, server: &server{store: store}}, nil
}

func open(cfg Config, log *slog.Logger) (Store, error) {
	if cfg.CapacityBytes < 1 {
		return nil, fault.New(fault.Invalid, "invalid_capacity", "cache.capacity-bytes must be at least 1.")
	}
	capacity := uint64(cfg.CapacityBytes)
	if cfg.RedisURL == "" {
		return memory.New(capacity)
	}
	return tiered.New(capacity, redis.Config{URL: cfg.RedisURL, PasswordFile: cfg.RedisPasswordFile}, log)
}

// Register adds CacheService to a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	cachev1.RegisterCacheServiceServer(registrar, s.server)
}

// Run waits until ctx ends and drops what is held in this process.
func (s *Service) Run(ctx context.Context) error {
	<-ctx.Done()
	return s.Close()
}

// Check proves that the store answers. It passes while a Redis server is away: the
// cache then finds nothing, which is an answer.
func (s *Service) Check(ctx context.Context) error { return s.store.Check(ctx) }

// Close drops what is held in this process; a second call does nothing. Run does it too.
func (s *Service) Close() error { return s.store.Close() }
