package auth

import (
	"context"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
)

// Login exchanges a name and password for a token.
type Login struct {
	accounts accountv1.AccountServiceClient
	users    *Users
	tokens   *token.Issuer
	failures *backoff
}

// NewLogin checks passwords with accounts; now is the clock.
func NewLogin(accounts accountv1.AccountServiceClient, users *Users, tokens *token.Issuer, now func() time.Time) *Login {
	return &Login{accounts: accounts, users: users, tokens: tokens, failures: newBackoff(now)}
}

// Token returns a token for the user. address is where the request came from: who
// fails again and again for one name from one address must wait (Exhausted, code
// "too_many_attempts"). Unauthenticated: wrong name or password, code
// "invalid_credentials". Unavailable: the accounts do not answer.
func (l *Login) Token(ctx context.Context, name, password, address string) (string, error) {
	who := address + "\x00" + name
	if wait := l.failures.wait(who); wait > 0 {
		return "", problem.After(fault.New(fault.Exhausted, "too_many_attempts",
			"Too many failed logins; wait before the next."), wait)
	}
	reply, err := l.accounts.Authenticate(ctx, &accountv1.AuthenticateRequest{Name: name, Password: password})
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Invalid) {
		l.failures.failed(who)
		return "", fault.Wrap(err, fault.Unauthenticated, "invalid_credentials", "The name or password is wrong.")
	}
	if err != nil {
		return "", err
	}
	l.failures.succeeded(who)
	l.users.Remember(reply.GetUser())
	return l.tokens.Issue(reply.GetUser().GetId())
}
