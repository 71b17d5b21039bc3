// Package history is the system of record: jobs and transcripts as rows that
// outlive the bus, and the accounts of those who may use the mesh.
//
//	job feed ──> recorder ──> Store (SQLite) <── gRPC: HistoryService, AccountService
//	             (blob store for transcripts)           ^ gateway, dispatcher's janitor
//
// Rows follow the feed: while the database is away jobs go on, and the recorder
// catches up afterwards.
package history

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/password"
	"github.com/stenomesh/stenomesh/services/history/internal/sqlite"
)

// Config is what an operator may set.
type Config struct {
	StoreURL string // "sqlite:<path>"
}

// DefaultConfig keeps the history in ./var.
func DefaultConfig() Config { return Config{StoreURL: "sqlite:var/history.db"} }

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.StringVar(&c.StoreURL, "history.store-url", c.StoreURL, "database of the history: sqlite:<path>")
}

// Deps are the parts that the service works with.
type Deps struct {
	JS    jetstream.JetStream
	Blobs blob.Store
	Log   *slog.Logger
	// Observe is told how long each query took; nil for nobody.
	Observe func(query string, took time.Duration)
	// Now is the clock; nil for the machine's.
	Now func() time.Time
}

// Service answers questions and records the job feed.
type Service struct {
	store    Store
	jobs     *jobServer
	accounts *accountServer
	recorder *recorder
}

// New opens the database and brings its tables up to date. Whoever calls New
// calls Run or Close.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	store, err := openStore(ctx, cfg.StoreURL)
	if err != nil {
		return nil, err
	}
	hasher, err := password.NewHasher()
	if err != nil {
		_ = store.Close() // the first error is the one to tell
		return nil, fmt.Errorf("open history: %w", err)
	}
	if deps.Observe == nil {
		deps.Observe = func(string, time.Duration) {}
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	store = observed{Store: store, observe: deps.Observe, log: deps.Log}
	return &Service{
		store:    store,
		jobs:     &jobServer{store: store, blobs: deps.Blobs, log: deps.Log},
		accounts: &accountServer{store: store, hasher: hasher},
		recorder: &recorder{js: deps.JS, blobs: deps.Blobs, store: store, log: deps.Log, now: deps.Now},
	}, nil
}

func openStore(ctx context.Context, url string) (Store, error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" {
		return nil, fault.New(fault.Invalid, "invalid_store_url", "history.store-url must be of the form sqlite:<path>.")
	}
	return sqlite.Open(ctx, path)
}

// Register adds HistoryService and AccountService to a server.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	historyv1.RegisterHistoryServiceServer(server, s.jobs)
	accountv1.RegisterAccountServiceServer(server, s.accounts)
}

// Run records the job feed until ctx ends, then closes the database.
func (s *Service) Run(ctx context.Context) error {
	s.recorder.run(ctx)
	return s.Close()
}

// Check proves that the database answers.
func (s *Service) Check(ctx context.Context) error { return s.store.Check(ctx) }

// Close closes the database; a second call does nothing. Run does it too.
func (s *Service) Close() error { return s.store.Close() }
