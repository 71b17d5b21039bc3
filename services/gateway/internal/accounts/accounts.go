// Package accounts manages users for administrators, and API keys for users. The history service keeps the
// accounts. That a user is erased is an order on the bus, which the dispatcher
// carries out, and which every gateway hears.
package accounts

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// shortestPassword is in characters. The longest and the form of a name are for the
// history service to say.
const shortestPassword = 8

// Accounts is safe for all goroutines.
type Accounts struct {
	Client accountv1.AccountServiceClient
	Jobs   *job.Store
	Erased *job.Erased
	Log    *slog.Logger
	Now    func() time.Time
}

// Account is a user, or what is left of one.
type Account struct {
	*accountv1.User
	// Erasure is the order to erase the user; nil if there is none.
	Erasure *accountv1.Erasure
}

// idForm is what the ids of users are made of; any other was never made.
var idForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

func notFound() error {
	return fault.New(fault.NotFound, "user_not_found", "There is no user of this id.")
}

// Create makes the account that is asked for. Invalid: the name, the password or the
// quota is not usable. Conflict, code "user_exists": the name is taken. The id is
// chosen here, so that a call that is made again behind our back knows its account.
func (a *Accounts) Create(ctx context.Context, wanted *accountv1.EnsureUserRequest) (Account, error) {
	if err := checkPassword(wanted.GetPassword()); err != nil {
		return Account{}, err
	}
	id, err := job.NewID()
	if err != nil {
		return Account{}, fmt.Errorf("make user id: %w", err)
	}
	wanted.UserId = id
	reply, err := a.Client.EnsureUser(ctx, wanted)
	if err == nil && !reply.GetCreated() {
		err = fault.New(fault.Conflict, "user_exists", "There is a user of this name.")
	}
	return Account{User: reply.GetUser()}, err
}

// List returns a page of accounts in the order they were made, and whether there are
// more behind. after is the id of the last one before; empty for the first page.
func (a *Accounts) List(ctx context.Context, after string, limit uint32) (page []Account, more bool, err error) {
	if after != "" && !idForm.MatchString(after) {
		return nil, false, fault.New(fault.Invalid, "invalid_cursor", "The cursor is not one that this list gave out.")
	}
	reply, err := a.Client.ListUsers(ctx, &accountv1.ListUsersRequest{After: after, Limit: limit})
	for _, user := range reply.GetUsers() {
		page = append(page, Account{User: user, Erasure: a.Erased.Order(user.GetId())})
	}
	return page, reply.GetMore(), err
}

// Find returns an account. One that is being erased is there until nothing is left of
// it, at the end without its name. NotFound: there is none, or it is erased.
func (a *Accounts) Find(ctx context.Context, id string) (Account, error) {
	order := a.Erased.Order(id)
	if !idForm.MatchString(id) || order.GetFinishedAt() != nil {
		return Account{}, notFound()
	}
	reply, err := a.Client.GetUser(ctx, &accountv1.GetUserRequest{UserId: id})
	switch {
	case err == nil:
		return Account{User: reply.GetUser(), Erasure: order}, nil
	case order != nil: // the account goes before the rest, and may do so unseen
		return Account{User: &accountv1.User{Id: id}, Erasure: order}, nil
	case fault.Is(err, fault.NotFound):
		return Account{}, notFound()
	default:
		return Account{}, err
	}
}

// Erase orders the erasure of a user: when it returns, the order is on disk, and will
// be carried out. Asking again is no error. NotFound as Find. Conflict, code
// "last_admin": nobody would be left to administer. After any other error the account
// may be locked, and nothing else has happened.
func (a *Accounts) Erase(ctx context.Context, by, id string) (Account, error) {
	account, err := a.Find(ctx, id)
	if err != nil || account.Erasure != nil {
		return account, err
	}
	if _, err := a.Client.LockUser(ctx, &accountv1.LockUserRequest{UserId: id}); err != nil {
		return Account{}, err
	}
	order := &accountv1.Erasure{UserId: id, OrderedBy: by, OrderedAt: timestamppb.New(a.Now())}
	if err := a.Jobs.OrderErasure(ctx, order); err != nil {
		return Account{}, err
	}
	a.Erased.Put(order)
	a.Log.Info("user is to be erased", "user", id, "by", by)
	account.Active, account.Erasure = false, order
	return account, nil
}
