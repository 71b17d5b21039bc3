// Package auth tells who sends a request. A login is checked by the history
// service, which owns the accounts; later requests carry a token (package token), or
// an API key (package apikey) without any login. What is known of users and keys is
// remembered for a while (users.go, keys.go), so that a database that is down does not
// lock everybody out; the history service tells of changes (changes.go).
package auth

import (
	"context"
	"net/http"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/apikey"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// Gate lets requests of known users through.
type Gate struct {
	tokens  *token.Issuer
	users   *Users
	keys    *Keys
	rate    Rate
	running running
	doubts  chan struct{} // notes of changes may have been missed
}

// Rate bounds how often users ask; nil bounds nothing.
type Rate func(w http.ResponseWriter, r *http.Request, userID string) error

// NewGate returns a gate that trusts tokens and API keys for the users it knows.
func NewGate(tokens *token.Issuer, users *Users, keys *Keys, rate Rate) *Gate {
	return &Gate{tokens: tokens, users: users, keys: keys, rate: rate, doubts: make(chan struct{}, 1)}
}

// Expel ends the requests of a user that are being answered; Users lets no more of
// them in.
func (g *Gate) Expel(userID string) { g.running.end(sender{id: userID}, errInactive) }

// Require returns a handler that calls next with the user in the context, whom a token
// or an API key names. Errors are those of Users.Get, Keys.Owner and the rate; without
// either the code is "login_required".
func (g *Gate) Require(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		raw, err := bearer(r)
		if err != nil {
			return err
		}
		ctx, leave, err := g.enter(r.Context(), raw)
		if err != nil {
			return err
		}
		defer leave()
		err = g.admit(ctx, w, r, next)
		if why := context.Cause(ctx); err != nil && fault.Is(why, fault.Unauthenticated) {
			return why // what the handler says is only that it was ended
		}
		return err
	}
}

// userID is who a request is under way of.
type userID struct{}

// enter returns a context that ends with the key and the user that are shown, and
// holds the user's id. Both are there before anybody looks whether they may be:
// nobody slips through between.
func (g *Gate) enter(ctx context.Context, raw string) (_ context.Context, leave func(), err error) {
	var id string
	leaveKey := func() {}
	switch {
	case !apikey.Meant(raw):
		id, err = g.tokens.Check(raw)
	case !apikey.Valid(raw):
		err = errKey
	default:
		hash := hashOf(raw)
		ctx, leaveKey = g.running.enter(ctx, sender{id: hash, isKey: true})
		id, err = g.keys.Owner(ctx, hash)
	}
	if err != nil {
		leaveKey()
		return nil, nil, err
	}
	ctx, leaveUser := g.running.enter(ctx, sender{id: id})
	return context.WithValue(ctx, userID{}, id), func() { leaveUser(); leaveKey() }, nil
}

// admit lets the request in if its user may.
func (g *Gate) admit(ctx context.Context, w http.ResponseWriter, r *http.Request, next web.Handler) error {
	id, _ := ctx.Value(userID{}).(string)
	user, err := g.users.Get(ctx, id)
	if err != nil {
		return err
	}
	if g.rate != nil {
		if err := g.rate(w, r, id); err != nil {
			return err
		}
	}
	return next(w, r.WithContext(context.WithValue(ctx, userKey{}, user)))
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
			"Send an access token or an API key: Authorization: Bearer <token>.")
	}
	return strings.TrimSpace(raw), nil
}

type userKey struct{}

// User returns the user that Require found; it is shared and not to be changed.
func User(ctx context.Context) *accountv1.User {
	user, _ := ctx.Value(userKey{}).(*accountv1.User)
	return user
}
