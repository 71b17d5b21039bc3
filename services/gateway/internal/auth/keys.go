package auth

import (
	"context"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/apikey"
	"github.com/stenomesh/stenomesh/services/gateway/internal/remember"
)

const (
	mostKnownKeys = 10_000
	// A key that nobody has is remembered so long. Nothing can make one that was asked
	// for before: they are random.
	unknownTime = 5 * time.Minute
	// lookups of keys at once: strangers must not keep the database busy.
	lookups = 8
)

// errKey is the answer to a key that does not count; which reason it is, is nobody's
// business.
var errKey = fault.New(fault.Unauthenticated, "invalid_api_key", "The API key is not valid, or no longer so.")

// Keys answers whose an API key is, mostly from memory.
type Keys struct {
	accounts accountv1.AccountServiceClient
	users    *Users
	now      func() time.Time
	known    *remember.Answers[*accountv1.Key] // by hash
	unknown  *remember.Answers[struct{}]
	asking   chan struct{}
	uses     uses
}

// NewKeys asks accounts and tells users what it learns. now is the clock.
func NewKeys(accounts accountv1.AccountServiceClient, users *Users, log *slog.Logger, now func() time.Time) *Keys {
	return &Keys{
		accounts: accounts, users: users, now: now, asking: make(chan struct{}, lookups), uses: newUses(log),
		known:   remember.New[*accountv1.Key](remember.Limits{Fresh: fresh, Stale: stale, Most: mostKnownKeys}, log.With("what", "keys"), now),
		unknown: remember.New[struct{}](remember.Limits{Fresh: unknownTime, Most: mostKnownKeys}, log, now),
	}
}

// hashOf names a key that is shown, as it is remembered.
func hashOf(raw string) string {
	hash := apikey.Hash(raw)
	return string(hash[:])
}

// Owner returns the id of the user whose key has a hash, and notes its use.
// Unauthenticated, code "invalid_api_key": there is none, or it has expired.
// Unavailable: nobody knows now.
func (k *Keys) Owner(ctx context.Context, hash string) (userID string, err error) {
	key, err := k.find(ctx, hash)
	if err != nil {
		return "", err
	}
	now := k.now()
	if end := key.GetExpiresAt(); end != nil && !now.Before(end.AsTime()) {
		return "", errKey
	}
	k.uses.note(key.GetId(), now)
	return key.GetUserId(), nil
}

func (k *Keys) find(ctx context.Context, hash string) (*accountv1.Key, error) {
	key, err := k.known.Get(ctx, hash, func(ctx context.Context) (*accountv1.Key, error) {
		if _, nobodys := k.unknown.Fresh(hash); nobodys {
			return nil, errNobodys
		}
		return k.ask(ctx, hash)
	})
	if fault.Is(err, fault.NotFound) {
		return nil, errKey
	}
	return key, err
}

// errNobodys is returned for a key that is remembered to be nobody's.
var errNobodys = fault.New(fault.NotFound, "key_not_found", "There is no such API key.")

// ask looks a key up when it is its turn.
func (k *Keys) ask(ctx context.Context, hash string) (*accountv1.Key, error) {
	select {
	case k.asking <- struct{}{}:
		defer func() { <-k.asking }()
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "too_many_keys", "Too many unknown API keys at once; try again in a moment.")
	}
	keys, users := k.unknown.Moment(), k.users.known.Moment()
	reply, err := k.accounts.FindKey(ctx, &accountv1.FindKeyRequest{Hash: []byte(hash)})
	switch {
	case fault.Is(err, fault.NotFound):
		k.unknown.Put(hash, struct{}{}, keys)
	case err == nil:
		k.users.known.Put(reply.GetUser().GetId(), reply.GetUser(), users)
	}
	return reply.GetKey(), err
}

// changed takes the word that keys of a user ("": any) may have changed.
func (k *Keys) changed(userID string) {
	k.known.Doubt(func(_ string, key *accountv1.Key) bool { return userID == "" || key.GetUserId() == userID })
}

// removed forgets a key and returns its hash, if it was known.
func (k *Keys) removed(id string) (hashes []string) {
	return k.known.Drop(func(_ string, key *accountv1.Key) bool { return key.GetId() == id })
}
