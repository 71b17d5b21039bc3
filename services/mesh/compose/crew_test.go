//go:build compose

package compose_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// crew is users who ask for one job after the other, each doing so again as soon as
// it has the transcript.
type crew struct {
	t      testing.TB
	ledger *chaos.Ledger
	user   *chaos.User
	before int64             // jobs of the account when they began
	files  []string          // recordings, of one chunk and of several
	want   map[string]string // SHA-256 of a recording's transcript while all was well

	working sync.WaitGroup
	stop    context.CancelFunc
}

// hire logs the users in and has each recording transcribed while all is well.
func hire(t testing.TB, p project) *crew {
	t.Helper()
	c := &crew{t: t, ledger: &chaos.Ledger{}, want: map[string]string{}}
	user, err := chaos.NewUser(t.Context(), address, admin, p.password(), c.ledger)
	if err != nil {
		t.Fatal(err)
	}
	c.user = user
	page, err := user.Client().History(t.Context(), 1, "")
	if err != nil {
		t.Fatal(err)
	}
	c.before = page.Total
	for n, seconds := range []float64{6, 20, 45, 75} {
		recording := meshtest.Compose(t, meshtest.Composition{Language: "en", Seconds: seconds, Seed: uint64(n), Pause: meshtest.Pauses})
		file := meshtest.Upload(t, user.Client(), recording.Path)
		if err := user.Run(t.Context(), fmt.Sprintf("undisturbed-%d", n), file); err != nil {
			t.Fatal(err)
		}
		events := c.ledger.Events()
		c.files, c.want[file] = append(c.files, file), events[len(events)-1].SHA256
	}
	return c
}

// begin has users at work until dismiss, each with one job under way. More work may
// be given along.
func (c *crew) begin(users int, more ...func(context.Context) error) {
	ctx, stop := context.WithCancel(c.t.Context())
	c.stop = stop
	for n := range users {
		i := 0
		more = append(more, func(ctx context.Context) error {
			i++
			return c.user.Run(ctx, fmt.Sprintf("%d-%d", n, i), c.files[(n+i)%len(c.files)])
		})
	}
	for _, work := range more {
		c.working.Go(func() { c.repeat(ctx, work) })
	}
}

func (c *crew) repeat(ctx context.Context, work func(context.Context) error) {
	for ctx.Err() == nil {
		switch err := work(ctx); {
		case err == nil, ctx.Err() != nil:
		case passing(err): // the ledger has it
			pause(time.Second)
		default:
			c.t.Errorf("a user gave up: %v", err)
			return
		}
	}
}

// passing reports whether the mesh did not answer, or asked to come again.
func passing(err error) bool {
	var problem *client.Problem
	var connection *client.ConnectionError
	return errors.As(err, &connection) || errors.As(err, &problem) && problem.Status == http.StatusServiceUnavailable
}

// dismiss sends the users home. What they asked for goes on.
func (c *crew) dismiss() {
	c.stop()
	c.working.Wait()
}

// accepted counts the jobs that got their 201.
func (c *crew) accepted() int {
	n := 0
	for _, e := range c.ledger.Events() {
		if e.What == chaos.Accepted {
			n++
		}
	}
	return n
}
