package password_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/stenomesh/stenomesh/services/history/internal/password"
)

func TestHasher_acceptsOnlyTheRightPassword(t *testing.T) {
	t.Parallel()
	h := newHasher(t)
	stored, err := h.Hash(t.Context(), "пароль 1")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]bool{"пароль 1": true, "пароль 2": false, "": false, "пароль 1 ": false}
	for given, want := range cases {
		t.Run(given, func(t *testing.T) {
			t.Parallel()
			got, err := h.Verify(context.Background(), stored, given)
			if err != nil || got != want {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
	}
}

func TestHasher_saltsAndSaysItsParameters(t *testing.T) {
	t.Parallel()
	h := newHasher(t)

	first, err1 := h.Hash(t.Context(), "same")
	second, err2 := h.Hash(t.Context(), "same")

	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Error("two hashes of one password are equal: no salt")
	}
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %s", first)
	}
}

func TestVerify_readsHashesOfOtherParameters(t *testing.T) {
	t.Parallel()
	salt := []byte("sixteen bytes ok")
	key := argon2.IDKey([]byte("hunter2"), salt, 3, 8192, 2, 24)
	stored := "$argon2id$v=19$m=8192,t=3,p=2$" + base64.RawStdEncoding.EncodeToString(salt) +
		"$" + base64.RawStdEncoding.EncodeToString(key)

	got, err := newHasher(t).Verify(t.Context(), stored, "hunter2")

	if err != nil || !got {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestHasher_givesUpWaitingWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	h := newHasher(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	err := errors.New("all slots were free")
	for range 100 { // a free slot and an ended context: either may win
		if err = h.VerifyNobody(ctx, "x"); err != nil {
			break
		}
	}

	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the caller's cancellation", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$AAAA")
	f.Add("$2a$10$bcrypt")
	f.Add("")
	h, err := password.NewHasher()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		matched, err := h.Verify(t.Context(), stored, "guess")
		if matched || err != nil && !errors.Is(err, password.ErrFormat) {
			t.Errorf("%q: %v, %v", stored, matched, err)
		}
	})
}

func newHasher(t *testing.T) *password.Hasher {
	t.Helper()
	h, err := password.NewHasher()
	if err != nil {
		t.Fatal(err)
	}
	return h
}
