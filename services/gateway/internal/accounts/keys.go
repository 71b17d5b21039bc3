package accounts

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/apikey"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// CreateKey makes an API key of a user and returns its secret, which nobody can tell
// afterwards. expires is nil for never. Invalid: the name is not usable, or the time is
// over. Conflict, code "too_many_keys".
func (a *Accounts) CreateKey(ctx context.Context, userID, name string, expires *time.Time) (key *accountv1.Key, secret string, err error) {
	id, err := job.NewID()
	if err != nil {
		return nil, "", fmt.Errorf("make key id: %w", err)
	}
	secret = apikey.New()
	key = &accountv1.Key{Id: id, UserId: userID, Name: name, Prefix: apikey.Prefix(secret)}
	if expires != nil {
		if !expires.After(a.Now()) || !timestamppb.New(*expires).IsValid() {
			return nil, "", problem.With(fault.New(fault.Invalid, "invalid_expiry", "expires_at is over already."), "field", "expires_at")
		}
		key.ExpiresAt = timestamppb.New(*expires)
	}
	hash := apikey.Hash(secret)
	reply, err := a.Client.CreateKey(ctx, &accountv1.CreateKeyRequest{Key: key, Hash: hash[:]})
	return reply.GetKey(), secret, err
}

// Keys returns the API keys of a user, those made first at first.
func (a *Accounts) Keys(ctx context.Context, userID string) ([]*accountv1.Key, error) {
	reply, err := a.Client.ListKeys(ctx, &accountv1.ListKeysRequest{UserId: userID})
	return reply.GetKeys(), err
}

// Key returns an API key of a user. NotFound: the user has none of that id.
func (a *Accounts) Key(ctx context.Context, userID, id string) (*accountv1.Key, error) {
	keys, err := a.Keys(ctx, userID)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.GetId() == id {
			return key, nil
		}
	}
	return nil, fault.New(fault.NotFound, "key_not_found", "There is no API key of this id.")
}

// DeleteKey removes an API key of a user; every gateway refuses it from then on.
// NotFound as Key.
func (a *Accounts) DeleteKey(ctx context.Context, userID, id string) error {
	if _, err := a.Key(ctx, userID, id); err != nil {
		return err
	}
	_, err := a.Client.DeleteKey(ctx, &accountv1.DeleteKeyRequest{UserId: userID, KeyId: id})
	return err
}
