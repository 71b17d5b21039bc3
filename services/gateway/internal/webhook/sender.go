// Package webhook tells receivers that jobs have ended. The hooks that the dispatcher
// queues are sent by whichever gateway takes them; what became of each attempt is kept
// by the history service, which is also asked before: so a hook that comes twice, or
// to another gateway, goes on where it was.
//
//	HOOKS ── sender ──┬── job, owner: is it still wanted?
//	                  ├── history: what was tried?  secrets
//	                  ├── outbound ──> receiver
//	                  └── history: what came of it ──> done, or queued until the next try
//
// While the history or the bus is away hooks wait. A receiver hears of an end once,
// but for a gateway that dies between its answer and the log; then twice under the
// same webhook-id.
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/work"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/outbound"
)

// How many hooks a gateway sends at once: altogether, of one user, and to one host. A
// receiver that takes its ten seconds each time holds up only its own.
const (
	mostAtOnce  = 64
	mostPerUser = 4
	mostPerHost = 8
)

const (
	again     = time.Second      // after a failure to take a hook from the queue
	patience  = 30 * time.Second // of one look into the queue
	longBusy  = 30 * time.Second // longest wait for a place
	awayPause = 10 * time.Second // while what has to be asked does not answer
)

// Sender empties the queue of hooks. All fields are needed.
type Sender struct {
	JS         jetstream.JetStream
	Jobs       *job.Store
	History    historyv1.HistoryServiceClient
	Deliveries historyv1.DeliveryServiceClient
	Secrets    accountv1.WebhookServiceClient
	// Active returns nil for a user who may use the mesh, Unauthenticated for one who
	// may not.
	Active func(ctx context.Context, userID string) error
	Guard  *outbound.Guard
	Pause  time.Duration // after the first failure
	Log    *slog.Logger
	Now    func() time.Time

	client *http.Client
	users  *outbound.Bound
	hosts  *outbound.Bound

	troubled bool // the last look into the queue met an error
}

// Run sends hooks until ctx ends; those in hand are sent to their end.
func (s *Sender) Run(ctx context.Context) {
	s.client, s.users, s.hosts = s.Guard.Client(), outbound.NewBound(mostPerUser), outbound.NewBound(mostPerHost)
	queue := work.NewDurable(s.JS, bus.StreamHooks, bus.ConsumerHooks, patience)
	places := make(chan struct{}, mostAtOnce)
	var sending sync.WaitGroup
	defer sending.Wait()
	for ctx.Err() == nil {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		msg, err := queue.Next(ctx)
		s.noted(ctx, err)
		if err != nil {
			<-places
			continue
		}
		sending.Go(func() {
			defer func() { <-places }()
			s.take(ctx, msg)
		})
	}
}

// noted waits a moment after a failure to take a hook, of which the first is told.
func (s *Sender) noted(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if err == nil || errors.Is(err, work.ErrEmpty) {
		s.troubled = false
		return
	}
	level := slog.LevelWarn
	if s.troubled {
		level = slog.LevelDebug
	}
	s.troubled = true
	s.Log.Log(ctx, level, "no hook to be had", "err", err)
	select {
	case <-ctx.Done():
	case <-time.After(again):
	}
}

// take deals with one message of the queue.
func (s *Sender) take(ctx context.Context, msg jetstream.Msg) {
	hook := &jobv1.Hook{}
	if err := proto.Unmarshal(msg.Data(), hook); err != nil || job.HookEvent(hook.GetState()) == "" {
		s.Log.Error("a hook cannot be read; it is dropped", "subject", msg.Subject(), "err", err)
		_ = msg.Ack() // it would come again for ever
		return
	}
	leave, ok := s.enter(hook)
	if !ok {
		_ = msg.NakWithDelay(busyPause(msg))
		return
	}
	defer leave()
	wait, done := s.deliver(ctx, msg, hook)
	if done {
		_ = msg.Ack() // without it the hook comes again, and the log says that it is done
		return
	}
	_ = msg.NakWithDelay(wait)
}

// enter takes a place of the hook's owner and of its receiver's host.
func (s *Sender) enter(hook *jobv1.Hook) (leave func(), ok bool) {
	leaveUser, ok := s.users.Enter(hook.GetUserId())
	if !ok {
		return nil, false
	}
	leaveHost, ok := s.hosts.Enter(hostOf(hook.GetUrl()))
	if !ok {
		leaveUser()
		return nil, false
	}
	return func() { leaveHost(); leaveUser() }, true
}

// hostOf is the host of a URL, with its port.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil { // it was checked when the job was made
		return raw
	}
	return strings.ToLower(u.Host)
}

// busyPause is longer the more often a hook came in vain, so that many of them do not
// keep the queue busy.
func busyPause(msg jetstream.Msg) time.Duration {
	wait := time.Second
	if meta, err := msg.Metadata(); err == nil {
		wait <<= min(meta.NumDelivered, 5)
	}
	return min(wait, longBusy)
}
