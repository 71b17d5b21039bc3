package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	beat    = time.Second // between two signs of life
	silence = 3 * beat    // without one the channel is lost
)

// errSubscription is returned when the channel was subscribed anew behind our back:
// messages may have been missed.
var errSubscription = errors.New("the channel was cut")

// session is the use of the server while its channel of changes is heard.
type session struct {
	link     *link
	client   *goredis.Client
	channel  *goredis.PubSub
	server   string        // identity of its process
	failures atomic.Int32  // calls in a row
	renewed  chan struct{} // this session has begun a generation: what is older is to be removed

	name atomic.Pointer[string] // generation
	once sync.Once
}

// openSession connects and hears the channel from then on.
func openSession(ctx context.Context, l *link) (*session, error) {
	options := *l.options
	s := &session{link: l, client: goredis.NewClient(&options), renewed: make(chan struct{}, 1)}
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	s.channel = s.client.Subscribe(ctx)
	err := s.channel.Subscribe(ctx, l.channel) // where this fails, a second try would hide it
	if err == nil {
		_, err = s.channel.ReceiveTimeout(ctx, callTime)
	}
	if err == nil {
		s.server, err = s.identity(ctx)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("reach redis: %w", err)
	}
	return s, nil
}

// close makes all calls that are under way fail.
func (s *session) close() {
	s.once.Do(func() {
		_ = s.channel.Close() // there is nothing to lose
		_ = s.client.Close()
	})
}

// identity tells a server from the same one started anew.
func (s *session) identity(ctx context.Context) (string, error) {
	info, err := s.client.Info(ctx, "server").Result()
	if err != nil {
		return "", err
	}
	return field(info, "run_id"), nil
}

// field is a value of what INFO tells, lines "name:value".
func field(info, name string) string {
	_, after, _ := strings.Cut(info, "\n"+name+":")
	value, _, _ := strings.Cut(after, "\r")
	return value
}

// listen hears the channel until it is cut or the session is closed.
func (s *session) listen(ctx context.Context) error {
	for {
		received, err := s.channel.ReceiveTimeout(ctx, silence)
		if err != nil {
			return fmt.Errorf("hear redis: %w", err)
		}
		switch received := received.(type) {
		case *goredis.Message:
			s.hear(received.Payload)
		case *goredis.Subscription:
			return errSubscription
		}
	}
}

// beat asks for signs of life on the channel.
func (s *session) beat(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if s.channel.Ping(ctx) != nil {
			s.close()
			return
		}
	}
}

// hear passes on what another replica has changed. What cannot be understood may
// mean anything.
func (s *session) hear(text string) {
	m, ok := decode(text)
	switch {
	case !ok:
		s.link.tier.Lost()
	case m.From == s.link.self:
	case m.Generation != "":
		s.adopt(m.Generation)
	default:
		s.link.tier.Changed(m.Keys, m.Prefixes)
	}
}
