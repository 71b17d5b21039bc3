package auth

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
)

// vault is an account service with one password for all. While hold is set, checks
// tell that they have come and wait until it is closed.
type vault struct {
	accountv1.AccountServiceClient
	err     error
	asked   atomic.Int32
	arrived chan struct{}
	hold    chan struct{}
}

func (v *vault) Authenticate(_ context.Context, req *accountv1.AuthenticateRequest, _ ...grpc.CallOption) (*accountv1.AuthenticateResponse, error) {
	v.asked.Add(1)
	if v.hold != nil {
		v.arrived <- struct{}{}
		<-v.hold
	}
	switch {
	case v.err != nil:
		return nil, v.err
	case req.GetPassword() != "right":
		return nil, fault.New(fault.Unauthenticated, "wrong", "Wrong.")
	}
	return &accountv1.AuthenticateResponse{User: &accountv1.User{Id: "id-" + req.GetName(), Active: true}}, nil
}

func newLogin(v *vault) *Login {
	now := func() time.Time { return time.Unix(1_700_000_000, 0) }
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return NewLogin(v, NewUsers(v, func(string) bool { return false }, slog.New(slog.DiscardHandler), now), token.NewIssuer(token.NewRing(key), now), now)
}

func TestLogin_aNameThatCannotBeIsNotCounted(t *testing.T) {
	t.Parallel()
	v := &vault{}
	l := newLogin(v)
	for range 2 * freeOfAddress {
		_, err := l.Token(t.Context(), strings.Repeat("x", longestName+1), "wrong", "192.0.2.1")
		if fault.Of(err) == nil || fault.Of(err).Code != "invalid_credentials" {
			t.Fatalf("got %v", err)
		}
	}
	if v.asked.Load() != 0 || len(l.names.tries) != 0 {
		t.Errorf("asked %d times, remembers %d", v.asked.Load(), len(l.names.tries))
	}
}

// TestLogin_guessesAtOnceAreCountedBeforeTheyFail sends many guesses for one name
// while the first are still being checked.
func TestLogin_guessesAtOnceAreCountedBeforeTheyFail(t *testing.T) {
	t.Parallel()
	const guesses = 50
	v := &vault{arrived: make(chan struct{}, guesses), hold: make(chan struct{})}
	l := newLogin(v)
	answers := make(chan error)
	for range guesses {
		go func() {
			_, err := l.Token(context.Background(), "ann", "wrong", "192.0.2.1")
			answers <- err
		}()
	}
	for range freeOfName {
		<-v.arrived
	}

	close(v.hold)

	refused := 0
	for range guesses {
		if err := <-answers; fault.Is(err, fault.Exhausted) {
			refused++
		} else if !fault.Is(err, fault.Unauthenticated) {
			t.Error(err)
		}
	}
	if v.asked.Load() != freeOfName || refused != guesses-freeOfName {
		t.Errorf("%d of %d guesses were checked, %d refused", v.asked.Load(), guesses, refused)
	}
}

func TestLogin_hundredsAtOnceThatAreRightAllGetIn(t *testing.T) {
	t.Parallel()
	for name, nameOf := range map[string]func(n int) string{
		"of one name":   func(int) string { return "ann" },
		"of many names": func(n int) string { return fmt.Sprint("user", n) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLogin(&vault{})
			answers := make(chan error)
			for n := range 500 {
				go func() {
					_, err := l.Token(context.Background(), nameOf(n), "right", "192.0.2.1")
					answers <- err
				}()
			}
			for range 500 {
				if err := <-answers; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestLogin_manyNamesFromOneAddressAreCountedTogether(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ address, other, stranger string }{
		{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"},
		{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"},
		{"fe80::1%eth0", "fe80::2%eth1", "2001:db8::1"},
		{"@", "@", "192.0.2.1"},
	} {
		t.Run(tc.address, func(t *testing.T) {
			t.Parallel()
			l := newLogin(&vault{})
			if _, err := l.Token(t.Context(), "ann", "right", tc.address); err != nil {
				t.Fatal(err)
			}
			for n := range freeOfAddress {
				if _, err := l.Token(t.Context(), fmt.Sprint("user", n), "wrong", tc.address); !fault.Is(err, fault.Unauthenticated) {
					t.Fatalf("guess %d: %v", n, err)
				}
			}
			if _, err := l.Token(t.Context(), "ann", "right", tc.other); !fault.Is(err, fault.Exhausted) {
				t.Errorf("after %d failures: %v", freeOfAddress, err)
			}
			if _, err := l.Token(t.Context(), "ann", "right", tc.stranger); err != nil {
				t.Errorf("from another address: %v", err)
			}
		})
	}
}

func TestLogin_anOutageIsNoFailure(t *testing.T) {
	t.Parallel()
	v := &vault{err: fault.New(fault.Unavailable, "down", "Down.")}
	l := newLogin(v)
	for range 2 * freeOfAddress {
		if _, err := l.Token(t.Context(), "ann", "right", "192.0.2.1"); !fault.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
	}
	v.err = nil
	if _, err := l.Token(t.Context(), "ann", "right", "192.0.2.1"); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}
