package token

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

const (
	issuer   = "stenomesh"
	audience = "stenomesh-api"
)

// Life is how long a token is good for.
const Life = 24 * time.Hour

// Issuer signs and checks tokens. It may be used by all goroutines.
type Issuer struct {
	keys   *Ring
	parser *jwt.Parser
	now    func() time.Time
}

// NewIssuer uses keys; now is the clock.
func NewIssuer(keys *Ring, now func() time.Time) *Issuer {
	return &Issuer{keys: keys, now: now, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), // never what the token says
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(30*time.Second), // replicas' clocks differ
		jwt.WithTimeFunc(now),
	)}
}

// Issue returns a token for a user.
func (i *Issuer) Issue(userID string) (string, error) {
	now := i.now()
	key, id := i.keys.signer()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		Issuer:    issuer,
		Subject:   userID,
		Audience:  jwt.ClaimStrings{audience},
		ExpiresAt: jwt.NewNumericDate(now.Add(Life)),
		IssuedAt:  jwt.NewNumericDate(now),
		ID:        rand.Text(),
	})
	token.Header["kid"] = id
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// Check returns the id of the user a token was made for. The error is a fault of
// kind Unauthenticated with code "invalid_token".
func (i *Issuer) Check(raw string) (userID string, err error) {
	claims := &jwt.RegisteredClaims{}
	_, err = i.parser.ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		return i.keys.checkers(id), nil
	})
	if err != nil || claims.Subject == "" {
		return "", fault.Wrap(err, fault.Unauthenticated, "invalid_token",
			"The access token is not valid or no longer so; get a new one at /api/v1/auth/token.")
	}
	return claims.Subject, nil
}
