// Package history is the system of record: jobs and transcripts as rows that
// outlive the bus, and the accounts of those who may use the mesh.
//
//	job feed ──> recorder ──> Store (SQLite, <── gRPC: HistoryService, AccountService
//	             ^              PostgreSQL)           ^ gateway, dispatcher's janitor
//	             blob store for transcripts           └──> word of changed accounts (package account)
//
// Rows follow the feed: while the database is away jobs go on, and the recorder
// catches up afterwards. On PostgreSQL any number of replicas may share the feed and
// the database.
package history

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"

	"github.com/stenomesh/stenomesh/pkg/account"
	"github.com/stenomesh/stenomesh/pkg/blob"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/password"
)

// Deps are the parts that the service works with.
type Deps struct {
	NC    *nats.Conn // changes of accounts are told here
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
	webhooks *webhookServer
	recorder *recorder
	upkeep   *upkeep
}

// New opens the database and brings its tables up to date. A PostgreSQL that is
// away does not keep it from starting: Check tells until it is there. Whoever calls
// New calls Run or Close.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	store, err := openStore(ctx, cfg, deps.Log)
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
	store = observed{Store: store, observe: deps.Observe, log: deps.Log, away: &atomic.Bool{}}
	return &Service{
		store:    store,
		jobs:     &jobServer{store: store, blobs: deps.Blobs, log: deps.Log},
		accounts: &accountServer{store: store, hasher: hasher, changes: account.NewAnnouncer(deps.NC, deps.Log), now: deps.Now},
		webhooks: &webhookServer{store: store, now: deps.Now},
		recorder: &recorder{js: deps.JS, blobs: deps.Blobs, store: store, log: deps.Log, now: deps.Now},
		upkeep:   &upkeep{store: store, log: deps.Log},
	}, nil
}

// Register adds HistoryService, AccountService and what hooks need to a server.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	historyv1.RegisterHistoryServiceServer(server, s.jobs)
	accountv1.RegisterAccountServiceServer(server, s.accounts)
	accountv1.RegisterWebhookServiceServer(server, s.webhooks)
	historyv1.RegisterDeliveryServiceServer(server, &deliveryServer{store: s.store})
}

// Run records the job feed, and tells of accounts that changed, until ctx ends; then
// it closes the database.
func (s *Service) Run(ctx context.Context) error {
	var others sync.WaitGroup
	others.Go(func() { s.accounts.changes.Run(ctx) })
	others.Go(func() { s.upkeep.run(ctx) })
	s.recorder.run(ctx)
	others.Wait()
	return s.Close()
}

// Check proves that the database answers.
func (s *Service) Check(ctx context.Context) error { return s.store.Check(ctx) }

// Close closes the database; a second call does nothing. Run does it too.
func (s *Service) Close() error { return s.store.Close() }
