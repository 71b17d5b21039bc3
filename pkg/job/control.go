package job

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// Control carries the word that a job was cancelled to whoever works on it. It
// is a courtesy for speed: workers also re-read the record at each heartbeat.
type Control struct {
	nc  *nats.Conn
	sub *nats.Subscription

	mu      sync.Mutex
	watches map[string]map[int]func()
	next    int
}

// NewControl subscribes; Close ends that.
func NewControl(nc *nats.Conn) (*Control, error) {
	c := &Control{nc: nc, watches: map[string]map[int]func(){}}
	sub, err := nc.Subscribe(cancelSubject("*"), c.receive)
	if err != nil {
		return nil, fmt.Errorf("subscribe to cancellations: %w", err)
	}
	c.sub = sub
	return c, nil
}

// Cancel tells all workers that a job was cancelled.
func (c *Control) Cancel(_ context.Context, id string) error {
	if err := c.nc.Publish(cancelSubject(id), nil); err != nil {
		return busFault(fmt.Errorf("publish cancellation of %s: %w", id, err))
	}
	return nil
}

// Watch calls cancelled, on another goroutine, each time the job is cancelled,
// until stop is called.
func (c *Control) Watch(id string, cancelled func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	n := c.next
	if c.watches[id] == nil {
		c.watches[id] = map[int]func(){}
	}
	c.watches[id][n] = cancelled
	return func() { c.unwatch(id, n) }
}

// Close ends the subscription.
func (c *Control) Close() error { return c.sub.Unsubscribe() }

func (c *Control) unwatch(id string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.watches[id], n)
	if len(c.watches[id]) == 0 {
		delete(c.watches, id)
	}
}

func (c *Control) receive(msg *nats.Msg) {
	id := strings.TrimPrefix(msg.Subject, cancelSubject(""))
	c.mu.Lock()
	var calls []func()
	for _, f := range c.watches[id] {
		calls = append(calls, f)
	}
	c.mu.Unlock()
	for _, f := range calls {
		f()
	}
}
