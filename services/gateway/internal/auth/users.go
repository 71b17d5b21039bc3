package auth

import (
	"context"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/remember"
)

// How long a user or key is believed to be as remembered: normally, and while the
// history service does not answer.
const (
	fresh     = 5 * time.Minute
	stale     = time.Hour
	mostUsers = 10_000
)

// Users answers who a user id is, mostly from memory.
type Users struct {
	accounts accountv1.AccountServiceClient
	erased   func(id string) bool
	known    *remember.Answers[*accountv1.User]
}

// NewUsers asks accounts; who is erased is gone whatever they say. now is the clock.
func NewUsers(accounts accountv1.AccountServiceClient, erased func(id string) bool, log *slog.Logger, now func() time.Time) *Users {
	limits := remember.Limits{Fresh: fresh, Stale: stale, Most: mostUsers}
	return &Users{accounts: accounts, erased: erased, known: remember.New[*accountv1.User](limits, log.With("what", "users"), now)}
}

// Get returns an active user. Unauthenticated: there is none of this id, or not
// any more. Unavailable: nobody knows now.
func (u *Users) Get(ctx context.Context, id string) (*accountv1.User, error) {
	if u.erased(id) {
		return active(nil)
	}
	user, err := u.known.Get(ctx, id, func(ctx context.Context) (*accountv1.User, error) {
		reply, err := u.accounts.GetUser(ctx, &accountv1.GetUserRequest{UserId: id})
		return reply.GetUser(), err
	})
	switch {
	case fault.Is(err, fault.NotFound):
		return active(nil)
	case err != nil:
		return nil, err
	}
	return active(user)
}

// changed takes the word that a user has changed ("": any may have). Who is locked is
// not believed to be anything else from now on, even if nobody answers.
func (u *Users) changed(id string, locked bool) {
	is := func(known string, _ *accountv1.User) bool { return id == "" || known == id }
	if locked {
		u.known.Drop(is)
	} else {
		u.known.Doubt(is)
	}
}

// errInactive is the answer to whoever may not use the mesh any more.
var errInactive = fault.New(fault.Unauthenticated, "account_inactive", "This account is locked or gone.")

func active(user *accountv1.User) (*accountv1.User, error) {
	if !user.GetActive() {
		return nil, errInactive
	}
	return user, nil
}
