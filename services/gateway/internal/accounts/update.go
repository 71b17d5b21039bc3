package accounts

import (
	"context"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Update changes an account, on every gateway at once. NotFound as Find. Conflict:
// nobody would be left to administer, code "last_admin", or the user is being deleted,
// code "user_is_deleted". Invalid: a password or quota that is not usable.
func (a *Accounts) Update(ctx context.Context, change *accountv1.UpdateUserRequest) (Account, error) {
	if change.Password != nil {
		if err := checkPassword(change.GetPassword()); err != nil {
			return Account{}, err
		}
	}
	account, err := a.Find(ctx, change.GetUserId())
	switch {
	case err != nil:
		return Account{}, err
	case account.Erasure != nil:
		return Account{}, fault.New(fault.Conflict, "user_is_deleted", "This user is being deleted.")
	}
	reply, err := a.Client.UpdateUser(ctx, change)
	if fault.Is(err, fault.NotFound) {
		err = notFound()
	}
	return Account{User: reply.GetUser()}, err
}

func checkPassword(password string) error {
	if utf8.RuneCountInString(password) < shortestPassword {
		return problem.With(fault.New(fault.Invalid, "invalid_password", "A password has at least 8 characters."), "field", "password")
	}
	return nil
}
