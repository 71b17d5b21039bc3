package token_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
)

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestIssuer_knowsItsOwnTokens(t *testing.T) {
	t.Parallel()
	issuer := token.NewIssuer(token.NewRing(newKey(t)), time.Now)
	raw, err := issuer.Issue("u1")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := issuer.Check(raw); id != "u1" || err != nil {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestIssuer_refusesWhatItDidNotSign(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	now := time.Now()
	issuer := token.NewIssuer(token.NewRing(key), func() time.Time { return now })
	good := jwt.RegisteredClaims{
		Issuer: "stenomesh", Audience: jwt.ClaimStrings{"stenomesh-api"}, Subject: "u1",
		ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour)),
	}
	change := func(f func(*jwt.RegisteredClaims)) jwt.RegisteredClaims { c := good; f(&c); return c }
	public, _ := key.Public().(ed25519.PublicKey)
	tests := map[string]struct {
		method jwt.SigningMethod
		claims jwt.RegisteredClaims
		key    any
	}{
		"another key":         {jwt.SigningMethodEdDSA, good, newKey(t)},
		"no signature":        {jwt.SigningMethodNone, good, jwt.UnsafeAllowNoneSignatureType},
		"public key as HMAC":  {jwt.SigningMethodHS256, good, []byte(public)},
		"expired":             {jwt.SigningMethodEdDSA, change(func(c *jwt.RegisteredClaims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(-time.Minute)) }), key},
		"never expires":       {jwt.SigningMethodEdDSA, change(func(c *jwt.RegisteredClaims) { c.ExpiresAt = nil }), key},
		"from another issuer": {jwt.SigningMethodEdDSA, change(func(c *jwt.RegisteredClaims) { c.Issuer = "x" }), key},
		"for another service": {jwt.SigningMethodEdDSA, change(func(c *jwt.RegisteredClaims) { c.Audience = jwt.ClaimStrings{"x"} }), key},
		"for nobody":          {jwt.SigningMethodEdDSA, change(func(c *jwt.RegisteredClaims) { c.Subject = "" }), key},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := jwt.NewWithClaims(tc.method, tc.claims).SignedString(tc.key)
			if err != nil {
				t.Fatal(err)
			}
			if id, err := issuer.Check(raw); !fault.Is(err, fault.Unauthenticated) || fault.Of(err).Code != "invalid_token" {
				t.Errorf("got %q, %v", id, err)
			}
		})
	}
}

func TestLoadKeys_makesOneKeyForAll(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "token.key")
	keys := make([][]ed25519.PrivateKey, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			key, err := token.LoadKeys(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	all.Wait()
	for _, key := range keys {
		if len(key) != 1 || !key[0].Equal(keys[0][0]) {
			t.Fatal("two callers got different keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v, %v", entries, err)
	}
}

func TestLoadKeys_refusesAnotherKindOfFile(t *testing.T) {
	t.Parallel()
	der, err := x509.MarshalPKCS8PrivateKey(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"text":               []byte("secret"),
		"empty":              nil,
		"cut off":            pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der[:20]}),
		"half of the second": append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "-----BEGIN PRIVATE KEY-----\nMC4C"...),
		"other PEM":          pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := token.LoadKeys(path); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
