package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// How long a user is believed to be as remembered: normally, and while the history
// service does not answer.
const (
	fresh     = 5 * time.Minute
	stale     = time.Hour
	mostUsers = 10_000
	askTime   = 5 * time.Second
)

// Users answers who a user id is, mostly from memory.
type Users struct {
	accounts accountv1.AccountServiceClient
	erased   func(id string) bool
	log      *slog.Logger
	now      func() time.Time
	asking   singleflight.Group

	mu    sync.Mutex
	known map[string]knownUser
}

type knownUser struct {
	user *accountv1.User
	at   time.Time
}

// NewUsers asks accounts; who is erased is gone whatever they say. now is the clock.
func NewUsers(accounts accountv1.AccountServiceClient, erased func(id string) bool, log *slog.Logger, now func() time.Time) *Users {
	return &Users{accounts: accounts, erased: erased, log: log, now: now, known: map[string]knownUser{}}
}

// Get returns an active user. Unauthenticated: there is none of this id, or not
// any more. Unavailable: nobody knows now.
func (u *Users) Get(ctx context.Context, id string) (*accountv1.User, error) {
	if u.erased(id) {
		return active(nil)
	}
	remembered, found := u.recall(id)
	if found && u.now().Sub(remembered.at) < fresh {
		return active(remembered.user)
	}
	user, err := u.ask(ctx, id)
	switch {
	case err == nil:
		return active(user)
	case fault.Is(err, fault.NotFound):
		u.forget(id)
		return active(nil)
	case found && u.now().Sub(remembered.at) < stale:
		u.log.Warn("accounts do not answer, using what is remembered", "user", id, "err", err)
		return active(remembered.user)
	default:
		return nil, err
	}
}

// Remember notes a user that was just read.
func (u *Users) Remember(user *accountv1.User) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id := range u.known { // full: make room for one, whichever comes first
		if len(u.known) < mostUsers {
			break
		}
		delete(u.known, id)
	}
	u.known[user.GetId()] = knownUser{user: user, at: u.now()}
}

func (u *Users) ask(ctx context.Context, id string) (*accountv1.User, error) {
	answer, err, _ := u.asking.Do(id, func() (any, error) {
		// Others wait for this answer too: one leaving must not spoil it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
		defer cancel()
		reply, err := u.accounts.GetUser(ctx, &accountv1.GetUserRequest{UserId: id})
		if err != nil {
			return nil, err
		}
		u.Remember(reply.GetUser())
		return reply.GetUser(), nil
	})
	if err != nil {
		return nil, err
	}
	user, _ := answer.(*accountv1.User)
	return user, nil
}

func (u *Users) recall(id string) (knownUser, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	known, found := u.known[id]
	return known, found
}

func (u *Users) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.known, id)
}

func active(user *accountv1.User) (*accountv1.User, error) {
	if !user.GetActive() {
		return nil, fault.New(fault.Unauthenticated, "account_inactive", "This account is locked or gone.")
	}
	return user, nil
}
