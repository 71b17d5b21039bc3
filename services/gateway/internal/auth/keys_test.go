package auth

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// keyring is an account service with one key.
type keyring struct {
	accountv1.AccountServiceClient

	mu     sync.Mutex
	hash   string
	key    *accountv1.Key
	err    error
	asked  int
	atOnce int // lookups under way
	most   int
	hold   chan struct{}
	told   []*accountv1.KeyUse
}

func (k *keyring) FindKey(_ context.Context, req *accountv1.FindKeyRequest, _ ...grpc.CallOption) (*accountv1.FindKeyResponse, error) {
	k.mu.Lock()
	k.asked++
	k.atOnce++
	k.most = max(k.most, k.atOnce)
	k.mu.Unlock()
	if k.hold != nil {
		<-k.hold
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.atOnce--
	switch {
	case k.err != nil:
		return nil, k.err
	case string(req.GetHash()) != k.hash:
		return nil, fault.New(fault.NotFound, "key_not_found", "None.")
	}
	return &accountv1.FindKeyResponse{Key: k.key, User: &accountv1.User{Id: "ann", Active: true}}, nil
}

func (k *keyring) NoteKeyUses(_ context.Context, req *accountv1.NoteKeyUsesRequest, _ ...grpc.CallOption) (*accountv1.NoteKeyUsesResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.told = append(k.told, req.GetUses()...)
	}
	return &accountv1.NoteKeyUsesResponse{}, k.err
}

func newKeys(service *keyring, c *clock) *Keys {
	log := slog.New(slog.DiscardHandler)
	return NewKeys(service, NewUsers(service, func(string) bool { return false }, log, c.now), log, c.now)
}

func TestKeys_believeAndDoubt(t *testing.T) {
	t.Parallel()
	service, c := &keyring{hash: "h", key: &accountv1.Key{Id: "k1", UserId: "ann"}}, newClock()
	keys := newKeys(service, c)
	owner := func(want string, asked int) {
		t.Helper()
		got, err := keys.Owner(t.Context(), "h")
		if got != want || (want == "") != fault.Is(err, fault.Unauthenticated) || service.asked != asked {
			t.Errorf("got %q, %v after %d questions; want %q after %d", got, err, service.asked, want, asked)
		}
	}
	owner("ann", 1)
	owner("ann", 1)
	if user, err := keys.users.Get(t.Context(), "ann"); err != nil || !user.GetActive() {
		t.Errorf("the user came along: %v, %v", user, err)
	}
	keys.changed("bob")
	owner("ann", 1)
	service.err = fault.New(fault.Unavailable, "down", "Down.")
	keys.changed("ann")
	owner("ann", 2) // while nobody answers

	service.err, service.hash = nil, "another"
	if hashes := keys.removed("k1"); len(hashes) != 1 || hashes[0] != "h" {
		t.Errorf("removed %q", hashes)
	}
	owner("", 3)
	owner("", 3) // nobody's keys are remembered, too
	c.advance(unknownTime)
	owner("", 4)
}

func TestKeys_expire(t *testing.T) {
	t.Parallel()
	c := newClock()
	service := &keyring{hash: "h", key: &accountv1.Key{Id: "k1", UserId: "ann", ExpiresAt: timestamppb.New(c.at.Add(time.Minute))}}
	keys := newKeys(service, c)
	if _, err := keys.Owner(t.Context(), "h"); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Minute)
	if _, err := keys.Owner(t.Context(), "h"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("got %v", err)
	}
}

// Strangers come with keys that they made up, all at once and all different.
func TestKeys_strangersDoNotKeepTheDatabaseBusy(t *testing.T) {
	t.Parallel()
	service := &keyring{hold: make(chan struct{})}
	keys := newKeys(service, newClock())
	var all sync.WaitGroup
	for n := range 100 {
		all.Go(func() {
			if _, err := keys.Owner(context.Background(), fmt.Sprint(n%50)); !fault.Is(err, fault.Unauthenticated) {
				t.Error(err)
			}
		})
	}
	close(service.hold)
	all.Wait()
	for n := range 50 {
		if _, err := keys.Owner(t.Context(), fmt.Sprint(n)); !fault.Is(err, fault.Unauthenticated) {
			t.Error(err)
		}
	}
	if service.most > lookups || service.asked > 100 || keys.known.Len() != 0 {
		t.Errorf("%d questions, %d at once, %d remembered", service.asked, service.most, keys.known.Len())
	}
}

func TestKeys_tellTheirUseRarelyAndForSure(t *testing.T) {
	t.Parallel()
	service, c := &keyring{hash: "h", key: &accountv1.Key{Id: "k1", UserId: "ann"}}, newClock()
	keys := newKeys(service, c)
	use := func() {
		t.Helper()
		for range 3 {
			if _, err := keys.Owner(t.Context(), "h"); err != nil {
				t.Fatal(err)
			}
		}
	}
	use()
	service.err = fault.New(fault.Unavailable, "down", "Down.")
	keys.tellUses(t.Context())
	service.err = nil
	use()
	keys.tellUses(t.Context())
	c.advance(useEvery)
	use()
	keys.tellUses(t.Context())

	if len(service.told) != 2 || !service.told[1].GetUsedAt().AsTime().Equal(c.at) {
		t.Errorf("told %v", service.told)
	}
}
