package auth

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/account"
	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// recheckAgain is how long to wait before senders are checked again about whom
// nobody could say anything.
const recheckAgain = 2 * time.Second

// Follow hears of changes of users and keys until ctx ends. Between two notes of a
// change nothing has to be asked; who is locked, and requests with a key that is
// removed, are out at once.
func (g *Gate) Follow(ctx context.Context, nc *nats.Conn, log *slog.Logger) {
	var rechecking sync.WaitGroup
	rechecking.Go(func() { g.recheck(ctx) })
	err := account.Follow(ctx, nc, g.changed)
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		log.Warn("changes of users are not heard of", "err", err)
	}
	rechecking.Wait()
}

// changed takes one note.
func (g *Gate) changed(change *accountv1.AccountChanged) {
	user := change.GetUserId()
	g.users.changed(user, change.GetLocked() && user != "")
	g.keys.changed(user)
	switch {
	case user == "":
		select {
		case g.doubts <- struct{}{}:
		default: // recheck knows
		}
	case change.GetLocked():
		g.Expel(user)
	}
	if key := change.GetRemovedKeyId(); key != "" {
		for _, hash := range g.keys.removed(key) {
			g.running.end(sender{id: hash, isKey: true}, errKey)
		}
	}
}

// recheck looks at everybody who has requests under way when notes may have been
// missed, until ctx ends.
func (g *Gate) recheck(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.doubts:
		}
		for !g.recheckAll(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(recheckAgain):
			}
		}
	}
}

// recheckAll ends the requests of those who may not have any more, and reports whether
// it is known of all.
func (g *Gate) recheckAll(ctx context.Context) (done bool) {
	done = true
	for _, from := range g.running.senders() {
		err := g.check(ctx, from)
		switch {
		case fault.Is(err, fault.Unauthenticated):
			g.running.end(from, err)
		case err != nil:
			done = false
		}
	}
	return done
}

func (g *Gate) check(ctx context.Context, from sender) (err error) {
	if from.isKey {
		_, err = g.keys.Owner(ctx, from.id)
	} else {
		_, err = g.users.Get(ctx, from.id)
	}
	return err
}
