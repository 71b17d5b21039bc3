// Package gateway is the mesh's front door: the HTTP API. It takes recordings into
// the blob store, accepts a job by one durable write into the JOBS bucket, and
// answers questions from the job feed, the history and the cache. It keeps nothing
// of its own; several gateways may run side by side.
//
//	client -- HTTP --> web -- api --+-- auth ------> accounts (history service), erasures
//	                                +-- rate ------> cache
//	                                +-- accounts --> accounts, erasures
//	                                +-- quota -----> accounts, index, FILES
//	                                +-- upload ----> blob store, FILES
//	                                +-- request ---> catalogue
//	                                +-- jobs ------> index, JOBS, history
//	                                +-- admission -> room in JOBS and FILES
//	                                +-- transcripts -> cache, blob store, history
//	                                +-- segments --> index, JOBS, blob store, transcripts
//	                                +-- render
//	                           openai, beside api, over the same
//	job feed and progress notes --> index
//	HOOKS --> webhook --> outbound --> receivers (upload fetches through outbound, too)
//	word of changed accounts -----> auth
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/health"
	"github.com/stenomesh/stenomesh/pkg/job"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/accounts"
	"github.com/stenomesh/stenomesh/services/gateway/internal/api"
	"github.com/stenomesh/stenomesh/services/gateway/internal/audit"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/contract"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
	"github.com/stenomesh/stenomesh/services/gateway/internal/openai"
	"github.com/stenomesh/stenomesh/services/gateway/internal/outbound"
	"github.com/stenomesh/stenomesh/services/gateway/internal/quota"
	"github.com/stenomesh/stenomesh/services/gateway/internal/rate"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
	"github.com/stenomesh/stenomesh/services/gateway/internal/segments"
	"github.com/stenomesh/stenomesh/services/gateway/internal/sse"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
	"github.com/stenomesh/stenomesh/services/gateway/internal/transcripts"
	"github.com/stenomesh/stenomesh/services/gateway/internal/upload"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
	"github.com/stenomesh/stenomesh/services/gateway/internal/webhook"
)

// Models tells which models the mesh can run.
type Models interface {
	// Installed reports whether the model's file is there.
	Installed(model catalog.Model) bool
	// Loaded lists the catalogue names of the models in memory, in any order.
	Loaded() []string
}

// Deps is what the gateway works with. All of it outlives the gateway.
type Deps struct {
	Log      *slog.Logger
	NC       *nats.Conn // notes of progress come here
	Jobs     *job.Store
	Files    *job.Files
	Control  *job.Control
	Blobs    blob.Store
	History  historyv1.HistoryServiceClient
	Accounts accountv1.AccountServiceClient
	// Secrets are what webhooks are signed with, Deliveries what became of them, JS has
	// their queue.
	Secrets    accountv1.WebhookServiceClient
	Deliveries historyv1.DeliveryServiceClient
	JS         jetstream.JetStream
	Cache      cachev1.CacheServiceClient
	Metrics    metricsv1.MetricsServiceClient
	Catalog    *catalog.Catalog
	Models     Models
	Health     *health.Health // the gateway adds a check of its own
	// Observe is told how long each request took; nil if nobody wants to know.
	Observe func(route string, took time.Duration, failed bool)
}

// Service is one gateway.
type Service struct {
	cfg       Config
	deps      Deps
	index     *index.Index
	gate      *auth.Gate
	keys      *auth.Keys
	erased    *job.Erased
	router    *web.Router
	hooks     *webhook.Sender
	server    *server
	listening chan struct{}
}

// New prepares a gateway; it reads or makes the signing key and does not listen
// yet.
func New(cfg Config, deps Deps) (*Service, error) {
	deps.Log = deps.Log.With("service", "gateway")
	if err := checkModels(cfg, deps.Catalog); err != nil {
		return nil, fmt.Errorf("start gateway: %w", err)
	}
	keys, err := token.OpenRing(cfg.KeyFile, deps.Log, time.Now)
	if err != nil {
		return nil, fmt.Errorf("start gateway: %w", err)
	}
	s := &Service{cfg: cfg, deps: deps, index: index.New(time.Now), listening: make(chan struct{})}
	s.erased = job.NewErased(func(userID string) { s.gate.Expel(userID) })
	deps.Health.Add("job feed", s.Check)
	router := web.NewRouter(deps.Log)
	native := s.api(token.NewIssuer(keys, time.Now))
	native.Register(router)
	s.openAI(native).Register(router)
	if err := contract.Register(router, native.Rate.Open); err != nil {
		return nil, fmt.Errorf("start gateway: %w", err)
	}
	observe := deps.Observe
	if observe == nil {
		observe = func(string, time.Duration, bool) {}
	}
	s.router = router
	handler := web.Wrap(deps.Log, observe, web.Limit(cfg.Origins.Admit(router)))
	s.server = newServer(cfg, deps.Log, web.Dialect(openai.Prefix, openai.WriteError, handler))
	return s, nil
}

func checkModels(cfg Config, models *catalog.Catalog) error {
	if _, err := models.Find(cfg.DefaultModel); err != nil {
		return fmt.Errorf("default model %q: %w", cfg.DefaultModel, err)
	}
	if cfg.ModelFallback == "" {
		return nil
	}
	if _, err := models.Find(cfg.ModelFallback); err != nil {
		return fmt.Errorf("model fallback %q: %w", cfg.ModelFallback, err)
	}
	return nil
}

// What a request may send to an upload before its record is written: 16 MiB, or more
// where uploads may be so large that records would grow long.
const (
	leastPiece = 16 << 20 // bytes
	mostPieces = 128
)

func (s *Service) api(tokens *token.Issuer) *api.API {
	d := s.deps
	users := auth.NewUsers(d.Accounts, s.erased.Has, d.Log, time.Now)
	s.keys = auth.NewKeys(d.Accounts, users, d.Log, time.Now)
	limiter := &rate.Limiter{Cache: d.Cache, PerUser: s.cfg.RatePerUser, PerAddress: s.cfg.RatePerAddress, Proxies: s.cfg.TrustedProxies, Log: d.Log}
	s.gate = auth.NewGate(tokens, users, s.keys, limiter.User)
	meter := quota.New(s.cfg.limits(), quota.Deps{Accounts: d.Accounts, Feed: s.index, Store: d.Files, Log: d.Log, Now: time.Now})
	guard := &outbound.Guard{Allowed: s.cfg.OutboundAllow}
	s.hooks = s.sender(guard, users)
	receiver := &upload.Receiver{
		Blobs: d.Blobs, Files: d.Files, MaxBytes: s.cfg.MaxUploadBytes, Idle: s.cfg.UploadIdle, Now: time.Now,
		Room: s.roomForFiles(), Fetch: s.fetcher(guard), Quota: meter.LeftBytes,
	}
	found := &jobs.Jobs{
		Index: s.index, Store: d.Jobs, Control: d.Control, History: d.History, Blobs: d.Blobs,
		Log: d.Log, Now: time.Now, Quota: meter, Room: s.roomForJobs(),
	}
	read := &transcripts.Reader{Blobs: d.Blobs, History: d.History, Cache: d.Cache, Log: d.Log}
	return &api.API{
		Log:      d.Log,
		Audit:    audit.New(d.Log, s.cfg.TrustedProxies),
		Quota:    meter,
		Rate:     limiter,
		Gate:     s.gate,
		Login:    auth.NewLogin(d.Accounts, users, tokens, time.Now),
		Accounts: &accounts.Accounts{Client: d.Accounts, Jobs: d.Jobs, Erased: s.erased, Log: d.Log, Now: time.Now},
		Jobs:     found,
		Files:    d.Files,
		Blobs:    d.Blobs,
		Uploads:  receiver,
		Resumable: &upload.Resumable{
			Receiver: receiver, PieceSize: max(leastPiece, s.cfg.MaxUploadBytes/mostPieces), Life: s.cfg.UploadLife, Log: d.Log,
		},
		Outbound:    guard,
		Hooks:       &webhook.Desk{Jobs: d.Jobs, Deliveries: d.Deliveries, Secrets: d.Secrets, Now: time.Now},
		Transcripts: read,
		Editor:      &transcripts.Editor{Reader: read, Jobs: found},
		Segments:    &segments.Source{Index: s.index, Store: d.Jobs, Blobs: d.Blobs, Find: found.Find, Original: read.Original, Log: d.Log},
		Streams:     &sse.Limit{Most: s.cfg.MaxStreams},
		Models: request.Models{
			Catalog: d.Catalog, Installed: d.Models.Installed,
			Default: s.cfg.DefaultModel, Fallback: s.cfg.ModelFallback,
		},
		Loaded:  d.Models.Loaded,
		Health:  d.Health,
		Proxies: s.cfg.TrustedProxies,
		Metrics: d.Metrics,
		Cache:   d.Cache,
	}
}

// Check reports whether the gateway knows the jobs there are, and the users there
// are no more.
func (s *Service) Check(context.Context) error {
	if !s.index.Current() || !s.erased.Current() {
		return fault.New(fault.Unavailable, "starting", "The gateway is still reading what there is on the bus.")
	}
	return nil
}

// Addr returns the address it listens on; it waits for Run to listen. An error
// means that ctx ended first.
func (s *Service) Addr(ctx context.Context) (string, error) {
	select {
	case <-s.listening:
		return s.server.addr(), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Run serves until ctx ends, then lets requests finish for a few seconds. All of
// its goroutines have ended when it returns, but for checks that hang.
func (s *Service) Run(ctx context.Context) error {
	feeds, stopFeeds := context.WithCancel(context.WithoutCancel(ctx)) // they outlive the last request
	ended := s.follow(feeds)
	defer func() { stopFeeds(); <-ended }()

	s.awaitFeeds(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err := s.server.listen(ctx); err != nil {
		return fmt.Errorf("run gateway: %w", err)
	}
	close(s.listening)
	s.deps.Log.Info("gateway listens", "addr", s.server.addr())
	stop := context.AfterFunc(ctx, s.index.Close) // long polls answer at once, streams of events end
	defer stop()
	sent := make(chan struct{})
	go func() { defer close(sent); s.hooks.Run(ctx) }()
	defer func() { <-sent }()
	return s.server.run(ctx)
}

// follow keeps the index up to date; the channel is closed when that has ended.
func (s *Service) follow(ctx context.Context) <-chan struct{} {
	ended := make(chan struct{})
	notes := make(chan struct{})
	erasures := make(chan struct{})
	var accounts sync.WaitGroup
	accounts.Go(func() { s.gate.Follow(ctx, s.deps.NC, s.deps.Log) })
	accounts.Go(func() { s.keys.Run(ctx) })
	go func() {
		defer close(erasures)
		s.erased.Follow(ctx, s.deps.Jobs, s.deps.Log)
	}()
	go func() {
		defer close(notes)
		if err := s.index.ListenProgress(ctx, s.deps.NC); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
			s.deps.Log.Warn("no notes of progress", "err", err)
		}
	}()
	go func() {
		defer close(ended)
		s.index.Follow(ctx, s.deps.Jobs, s.deps.Log)
		<-notes
		<-erasures
		accounts.Wait()
	}()
	return ended
}

// feedTime is how long the start waits for the feeds. Without them the gateway serves
// all the same: it is not ready, and asks the records themselves.
const feedTime = 5 * time.Second

func (s *Service) awaitFeeds(ctx context.Context) {
	late := time.After(feedTime)
	for _, caughtUp := range []<-chan struct{}{s.index.CaughtUp(), s.erased.CaughtUp()} {
		select {
		case <-caughtUp:
		case <-late:
			s.deps.Log.Warn("feeds are late, serving without them")
			return
		case <-ctx.Done():
			return
		}
	}
}

// NewSigningKey makes a key for Config.KeyFile: gateways that do not share a folder
// are given it by whoever sets them up.
func NewSigningKey() ([]byte, error) { return token.NewKey() }
