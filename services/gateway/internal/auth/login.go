package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

const (
	longestName   = 64 // bytes: no account has a longer one
	freeOfName    = 5  // failures for one name from one address
	freeOfAddress = 100
	// turnTime is how long a login waits for others of the same name or address.
	// Hundreds that come at once and are right must all have their turn: checking
	// one takes two cores about 40 ms.
	turnTime = 45 * time.Second
)

// Login exchanges a name and password for a token.
type Login struct {
	accounts  accountv1.AccountServiceClient
	users     *Users
	tokens    *token.Issuer
	names     *backoff // by address and name
	addresses *backoff
}

// NewLogin checks passwords with accounts; now is the clock.
func NewLogin(accounts accountv1.AccountServiceClient, users *Users, tokens *token.Issuer, now func() time.Time) *Login {
	return &Login{
		accounts: accounts, users: users, tokens: tokens,
		names: newBackoff(now, freeOfName), addresses: newBackoff(now, freeOfAddress),
	}
}

// Grant is what a login gives.
type Grant struct {
	UserID string
	Token  string
}

// Token returns a token for the user. address is where the request came from: who
// fails again and again from one address, for one name or for many, must wait
// (Exhausted, code "too_many_attempts"). Unauthenticated: wrong name or password,
// code "invalid_credentials". Unavailable: the accounts do not answer, or too many
// others are before it.
func (l *Login) Token(ctx context.Context, name, password, address string) (Grant, error) {
	if len(name) > longestName {
		return Grant{}, wrong(nil)
	}
	site := web.Site(address)
	whole, part := sha256.Sum256([]byte(site)), sha256.Sum256([]byte(site+"\x00"+name))
	if err := l.begin(ctx, whole, part); err != nil {
		return Grant{}, err
	}
	result := undecided
	defer func() {
		l.names.end(part, result)
		if result == succeeded {
			result = undecided // one right password does not excuse wrong ones for other names
		}
		l.addresses.end(whole, result)
	}()
	since := l.users.known.Moment()
	reply, err := l.accounts.Authenticate(ctx, &accountv1.AuthenticateRequest{Name: name, Password: password})
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Invalid) {
		result = failed
		return Grant{}, wrong(err)
	}
	if err != nil {
		return Grant{}, err
	}
	result = succeeded
	user := reply.GetUser()
	l.users.known.Put(user.GetId(), user, since)
	signed, err := l.tokens.Issue(user.GetId())
	return Grant{UserID: user.GetId(), Token: signed}, err
}

// begin waits for the turn of an attempt; both backoffs count it then.
func (l *Login) begin(ctx context.Context, whole, part key) error {
	ctx, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	err := l.names.begin(ctx, part)
	if err == nil {
		if err = l.addresses.begin(ctx, whole); err != nil {
			l.names.end(part, undecided)
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "too_many_logins", "Too many logins at once; try again in a moment.")
	}
	return err
}

func wrong(cause error) error {
	return fault.Wrap(cause, fault.Unauthenticated, "invalid_credentials", "The name or password is wrong.")
}
