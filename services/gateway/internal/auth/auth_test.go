package auth

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }
func newClock() *clock                   { return &clock{at: time.Unix(1_700_000_000, 0)} }

// directory is an account service that counts how often it is asked.
type directory struct {
	accountv1.AccountServiceClient
	user  *accountv1.User
	err   error
	asked atomic.Int32
}

func (d *directory) GetUser(context.Context, *accountv1.GetUserRequest, ...grpc.CallOption) (*accountv1.GetUserResponse, error) {
	d.asked.Add(1)
	return &accountv1.GetUserResponse{User: d.user}, d.err
}

func newUsers(d *directory, c *clock) *Users {
	return NewUsers(d, func(id string) bool { return id == "erased" }, slog.New(slog.DiscardHandler), c.now)
}

func TestUsers_believesForFiveMinutes(t *testing.T) {
	t.Parallel()
	d, c := &directory{user: &accountv1.User{Id: "u1", Active: true}}, newClock()
	users := newUsers(d, c)
	get := func() error { _, err := users.Get(t.Context(), "u1"); return err }

	for range 3 {
		if err := get(); err != nil {
			t.Fatal(err)
		}
	}
	if d.asked.Load() != 1 {
		t.Errorf("asked %d times, want once", d.asked.Load())
	}
	d.user = &accountv1.User{Id: "u1", Active: false}
	if err := get(); err != nil {
		t.Errorf("within five minutes: %v", err)
	}
	c.advance(5 * time.Minute)
	if err := get(); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after five minutes: %v", err)
	}
}

func TestUsers_believesForAnHourWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	d, c := &directory{user: &accountv1.User{Id: "u1", Active: true}}, newClock()
	users := newUsers(d, c)
	get := func() error { _, err := users.Get(t.Context(), "u1"); return err }
	if err := get(); err != nil {
		t.Fatal(err)
	}

	d.err = fault.New(fault.Unavailable, "down", "Down.")

	c.advance(59 * time.Minute)
	if err := get(); err != nil {
		t.Errorf("within an hour: %v", err)
	}
	c.advance(time.Minute)
	if err := get(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after an hour: %v", err)
	}
}

func TestUsers_forgetsWhoIsGone(t *testing.T) {
	t.Parallel()
	d, c := &directory{user: &accountv1.User{Id: "u1", Active: true}}, newClock()
	users := newUsers(d, c)
	if _, err := users.Get(t.Context(), "u1"); err != nil {
		t.Fatal(err)
	}

	d.err = fault.New(fault.NotFound, "not_found", "None.")
	c.advance(5 * time.Minute)

	if _, err := users.Get(t.Context(), "u1"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("got %v", err)
	}
	d.err = fault.New(fault.Unavailable, "down", "Down.")
	if _, err := users.Get(t.Context(), "u1"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a user that is gone is remembered: %v", err)
	}
}

func TestUsers_remembersABoundedNumber(t *testing.T) {
	t.Parallel()
	users := newUsers(&directory{}, newClock())
	for n := range mostUsers + 100 {
		users.known.Put(fmt.Sprint(n), &accountv1.User{Id: fmt.Sprint(n)}, users.known.Moment())
	}
	if users.known.Len() != mostUsers {
		t.Errorf("remembers %d users", users.known.Len())
	}
}

func TestUsers_refusesTheErasedWhateverIsRemembered(t *testing.T) {
	t.Parallel()
	d, c := &directory{user: &accountv1.User{Id: "erased", Active: true}}, newClock()
	users := newUsers(d, c)
	users.known.Put(d.user.GetId(), d.user, users.known.Moment()) // by a login at the same moment

	if _, err := users.Get(t.Context(), "erased"); !fault.Is(err, fault.Unauthenticated) || d.asked.Load() != 0 {
		t.Errorf("got %v after %d questions", err, d.asked.Load())
	}
}

// FuzzBearer shows whatever strangers may send as a proof of who they are.
func FuzzBearer(f *testing.F) {
	for _, value := range []string{"", "Bearer", "Bearer ", "bearer sk-", "Bearer sk-" + strings.Repeat("A", 52), "Basic YTpi", "Bearer e30.e30.", "Bearer \x00"} {
		f.Add(value)
	}
	c := newClock()
	log := slog.New(slog.DiscardHandler)
	service := &keyring{}
	users := NewUsers(service, func(string) bool { return false }, log, c.now)
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	gate := NewGate(token.NewIssuer(token.NewRing(key), c.now), users, NewKeys(service, users, log, c.now), nil)
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{value}
		err := gate.Require(func(http.ResponseWriter, *http.Request) error {
			t.Errorf("%q is let in", value)
			return nil
		})(httptest.NewRecorder(), r)
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%q: %v", value, err)
		}
	})
}
