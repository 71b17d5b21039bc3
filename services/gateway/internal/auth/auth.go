// Package auth tells who sends a request. A login is checked by the history
// service, which owns the accounts; later requests carry a token (package token),
// and what is known of its user is remembered for a while (users.go), so that a
// database that is down does not lock everybody out.
package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// Gate lets requests of known users through.
type Gate struct {
	tokens  *token.Issuer
	users   *Users
	running running
}

// NewGate returns a gate that trusts tokens for the users it knows.
func NewGate(tokens *token.Issuer, users *Users) *Gate {
	return &Gate{tokens: tokens, users: users}
}

// Expel ends the requests of a user that are being answered; Users lets no more of
// them in.
func (g *Gate) Expel(userID string) { g.running.end(userID) }

// Require returns a handler that calls next with the user in the context. Errors
// are those of Users.Get; without a token the code is "login_required".
func (g *Gate) Require(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		raw, err := bearer(r)
		if err != nil {
			return err
		}
		id, err := g.tokens.Check(raw)
		if err != nil {
			return err
		}
		ctx, leave := g.running.enter(r.Context(), id) // before the look: nobody slips through between
		defer leave()
		user, err := g.users.Get(ctx, id)
		if err != nil {
			return err
		}
		err = next(w, r.WithContext(context.WithValue(ctx, userKey{}, user)))
		if err != nil && errors.Is(context.Cause(ctx), errExpelled) {
			_, err = active(nil)
		}
		return err
	}
}

// RequireAdmin is Require for administrators. Denied, code "admin_only".
func (g *Gate) RequireAdmin(next web.Handler) web.Handler {
	return g.Require(func(w http.ResponseWriter, r *http.Request) error {
		if User(r.Context()).GetRole() != accountv1.Role_ROLE_ADMIN {
			return fault.New(fault.Denied, "admin_only", "Only an administrator may do this.")
		}
		return next(w, r)
	})
}

func bearer(r *http.Request) (string, error) {
	scheme, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return "", fault.New(fault.Unauthenticated, "login_required",
			"Send an access token: Authorization: Bearer <token>.")
	}
	return strings.TrimSpace(raw), nil
}

type userKey struct{}

// User returns the user that Require found; it is shared and not to be changed.
func User(ctx context.Context) *accountv1.User {
	user, _ := ctx.Value(userKey{}).(*accountv1.User)
	return user
}
