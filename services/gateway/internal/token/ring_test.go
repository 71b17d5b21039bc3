package token_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
)

// replica is a gateway's issuer over a key file, with a clock of the test's.
type replica struct {
	*token.Issuer
	at time.Time
}

func open(t *testing.T, path string) *replica {
	t.Helper()
	r := &replica{at: time.Now()}
	now := func() time.Time { return r.at }
	ring, err := token.OpenRing(path, slog.New(slog.DiscardHandler), now)
	if err != nil {
		t.Fatal(err)
	}
	r.Issuer = token.NewIssuer(ring, now)
	return r
}

func (r *replica) issue(t *testing.T) string {
	t.Helper()
	raw, err := r.Issue("ann")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func text(t *testing.T) []byte {
	t.Helper()
	key, err := token.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func write(t *testing.T, path string, parts ...[]byte) {
	t.Helper()
	var all []byte
	for _, part := range parts {
		all = append(all, part...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The steps by which an operator replaces a key, seen by a gateway that has read the
// file already and by one that has not yet: both know all tokens at every step.
func TestRing_isReplacedWithoutAnybodyHavingToLogInAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token.key")
	before, after := text(t), text(t)
	write(t, path, before)
	fast, slow := open(t, path), open(t, path)
	tokens := []string{fast.issue(t)}
	for _, step := range [][][]byte{{before, after}, {after, before}} {
		write(t, path, step...)
		fast.at = fast.at.Add(6 * time.Second)
		tokens = append(tokens, fast.issue(t), slow.issue(t))
		for n, raw := range tokens {
			for name, r := range map[string]*replica{"fast": fast, "slow": slow} {
				if id, err := r.Check(raw); id != "ann" || err != nil {
					t.Errorf("token %d at the %s one: %q, %v", n, name, id, err)
				}
			}
		}
		slow.at = slow.at.Add(6 * time.Second)
	}

	write(t, path, after)
	fast.at = fast.at.Add(6 * time.Second)

	if _, err := fast.Check(tokens[0]); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("of the key that is gone: %v", err)
	}
	if _, err := fast.Check(tokens[3]); err != nil {
		t.Errorf("of the key that stays: %v", err)
	}
	if kinds := []any{kid(t, tokens[0]), kid(t, tokens[3])}; kinds[0] == kinds[1] || kinds[0] == nil {
		t.Errorf("keys are called %v", kinds)
	}
}

func kid(t *testing.T, raw string) any {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(raw, &jwt.RegisteredClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header["kid"]
}

func TestRing_keepsItsKeysWhenTheFileCannotBeUsed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token.key")
	key := text(t)
	write(t, path, key)
	r := open(t, path)
	raw := r.issue(t)

	for name, spoil := range map[string]func(){
		"half written": func() { write(t, path, key, key[:40]) },
		"empty":        func() { write(t, path) },
		"gone":         func() { _ = os.Remove(path) },
	} {
		spoil()
		r.at = r.at.Add(6 * time.Second)
		if _, err := r.Check(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A token of a build that gave keys no names.
func TestIssuer_knowsTokensWithoutTheNameOfAKey(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	raw, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		Issuer: "stenomesh", Audience: jwt.ClaimStrings{"stenomesh-api"}, Subject: "u1", ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := token.NewIssuer(token.NewRing(newKey(t), key), time.Now).Check(raw); id != "u1" || err != nil {
		t.Errorf("got %q, %v", id, err)
	}
}
