package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	firstPause  = 100 * time.Millisecond // before the second try to reach the server
	longPause   = 2 * time.Second
	maxFailures = 3 // calls in a row, after which the server is taken for lost
)

// errMissed is returned when a deletion was missed while a session was made.
var errMissed = errors.New("a deletion was missed meanwhile")

// link makes sessions, one after the other, and knows what becomes of the entries
// between two of them.
type link struct {
	options *goredis.Options
	channel string
	tier    Tier
	log     *slog.Logger
	self    string // tells this replica's messages from those of others

	mu        sync.Mutex
	current   *session // nil: the server is away
	last      *session // the one before, or current; nil before the first
	deletions int      // missed since last was put to use: what the server holds is old
	gap       bool     // the server could not be reached since last
	told      bool     // the log says that the server is away

	stop context.CancelFunc
	done chan struct{}
}

func startLink(options *goredis.Options, tier Tier, log *slog.Logger) *link {
	ctx, stop := context.WithCancel(context.Background())
	l := &link{options: options, channel: channelName(options.DB), tier: tier, log: log, self: rand.Text(),
		stop: stop, done: make(chan struct{})}
	go l.run(ctx)
	return l
}

func (l *link) close() {
	l.stop()
	<-l.done
}

// session returns the one to use, or nil.
func (l *link) session() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// run keeps a session. After one that was well it tries again at once.
func (l *link) run(ctx context.Context) {
	defer close(l.done)
	for pause := firstPause; ctx.Err() == nil; {
		began := time.Now()
		l.serve(ctx)
		if time.Since(began) > 2*longPause {
			pause = firstPause
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
}

// serve makes a session and returns when it is over.
func (l *link) serve(ctx context.Context) {
	s, err := l.connect(ctx)
	if err != nil {
		l.unreachable(ctx, err)
		return
	}
	upkeepCtx, stop := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, s.close)() // nothing else ends the waiting for messages
	var upkeep sync.WaitGroup
	upkeep.Go(func() { s.beat(upkeepCtx) })
	upkeep.Go(func() { s.sweep(upkeepCtx) })
	err = s.listen(ctx)
	if ctx.Err() != nil {
		err = nil // we end it
	}
	stop()
	l.lose(s, err)
	upkeep.Wait()
}

// connect makes a session and puts it to use.
func (l *link) connect(ctx context.Context) (*session, error) {
	s, err := openSession(ctx, l)
	if err != nil {
		return nil, err
	}
	deletions, replace := l.doubts(s)
	if err := s.renew(ctx, replace); err != nil {
		s.close()
		return nil, err
	}
	l.tier.Lost() // what came in before the channel was heard
	if !l.use(s, deletions) {
		s.close()
		return nil, errMissed
	}
	return s, nil
}

// doubts says how many deletions were missed, and which generation must not be used:
// anyGeneration or a name; "" when none is in doubt. A process that finds no server
// at its start does not know what those before it could not delete.
func (l *link) doubts(s *session) (deletions int, replace string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.deletions > 0, l.last == nil && l.gap:
		return l.deletions, anyGeneration
	case l.last != nil && (l.gap || l.last.server != s.server):
		return 0, l.last.generation()
	default:
		return 0, ""
	}
}

// use puts a session to use, unless a deletion was missed since its generation was
// chosen: another replica may have filled that already.
func (l *link) use(s *session, deletions int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deletions != deletions {
		return false
	}
	l.current, l.last, l.deletions, l.gap, l.told = s, s, 0, false, false
	l.log.Info("redis is in use")
	return true
}

// unreachable notes that a session could not be made.
func (l *link) unreachable(ctx context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() != nil {
		return // we end it
	}
	l.gap = true
	l.tell(err)
}

// lose ends a session; once it is over it does nothing. err says why; nil: it is
// to end.
func (l *link) lose(s *session, err error) {
	l.mu.Lock()
	if l.current != s {
		l.mu.Unlock()
		return
	}
	l.current = nil
	if err != nil {
		l.tell(err)
	}
	l.mu.Unlock()
	s.close()
	l.tier.Lost()
}

// tell logs that the server is away, once until it is back. Callers hold mu.
func (l *link) tell(err error) {
	if !l.told {
		l.log.Warn("redis is away, the cache finds nothing", "err", err)
	}
	l.told = true
}

// missed notes that a deletion did not reach the server, and ends the session, if
// there is one: the next begins a new generation.
func (l *link) missed(err error) {
	l.mu.Lock()
	l.deletions++
	current := l.current
	l.mu.Unlock()
	if current != nil {
		l.lose(current, err)
	}
}

// note judges a session by the outcome of a call. What the server itself has
// answered, even if it is a refusal, and what ended with ctx is not held against it.
func (l *link) note(ctx context.Context, s *session, err error) {
	switch {
	case answered(err):
		s.failures.Store(0)
	case ctx.Err() == nil && s.failures.Add(1) == maxFailures:
		l.lose(s, err)
	}
}
