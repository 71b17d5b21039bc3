package history

import (
	"context"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	longestKeyName = 100  // characters
	longestPrefix  = 32   // bytes
	mostKeyUses    = 1000 // in one call
)

// CreateKey stores an API key. The caller has made it, its id too, so that a call that
// is made again makes no second one.
func (s *accountServer) CreateKey(ctx context.Context, req *accountv1.CreateKeyRequest) (*accountv1.CreateKeyResponse, error) {
	key, err := s.keyOf(req)
	if err != nil {
		return nil, err
	}
	if err := s.store.CreateKey(ctx, key); err != nil {
		return nil, err
	}
	return &accountv1.CreateKeyResponse{Key: keyToProto(key)}, nil
}

func (s *accountServer) keyOf(req *accountv1.CreateKeyRequest) (record.Key, error) {
	from := req.GetKey()
	key := record.Key{ID: from.GetId(), UserID: from.GetUserId(), Name: from.GetName(), Prefix: from.GetPrefix(),
		CreatedAt: s.now().UTC().Truncate(time.Microsecond), ExpiresAt: timeOf(from.GetExpiresAt())}
	switch {
	case !isName(key.Name):
		return key, fault.New(fault.Invalid, "invalid_name", "The name of an API key is 1 to 100 characters on one line.")
	case len(req.GetHash()) != len(key.Hash), uuid.Validate(key.ID) != nil, len(key.Prefix) > longestPrefix:
		return key, fault.New(fault.Invalid, "invalid_key", "The API key is not usable.")
	}
	copy(key.Hash[:], req.GetHash())
	return key, nil
}

// isName takes what can be shown on one line.
func isName(name string) bool {
	for _, r := range name {
		if unicode.IsControl(r) {
			return false
		}
	}
	n := utf8.RuneCountInString(name)
	return n >= 1 && n <= longestKeyName
}

// ListKeys returns the API keys of a user.
func (s *accountServer) ListKeys(ctx context.Context, req *accountv1.ListKeysRequest) (*accountv1.ListKeysResponse, error) {
	keys, err := s.store.Keys(ctx, req.GetUserId())
	if err != nil {
		return nil, err
	}
	reply := &accountv1.ListKeysResponse{}
	for _, key := range keys {
		reply.Keys = append(reply.Keys, keyToProto(key))
	}
	return reply, nil
}

// DeleteKey removes an API key and tells the gateways.
func (s *accountServer) DeleteKey(ctx context.Context, req *accountv1.DeleteKeyRequest) (*accountv1.DeleteKeyResponse, error) {
	if err := s.store.DeleteKey(ctx, req.GetUserId(), req.GetKeyId()); err != nil {
		return nil, err
	}
	s.changes.Announce(ctx, &accountv1.AccountChanged{UserId: req.GetUserId(), RemovedKeyId: req.GetKeyId()})
	return &accountv1.DeleteKeyResponse{}, nil
}

// FindKey returns the API key of a secret with its owner.
func (s *accountServer) FindKey(ctx context.Context, req *accountv1.FindKeyRequest) (*accountv1.FindKeyResponse, error) {
	var hash [32]byte
	if copy(hash[:], req.GetHash()) != len(hash) {
		return nil, record.ErrNoKey
	}
	key, err := s.store.KeyByHash(ctx, hash)
	if err != nil {
		return nil, err
	}
	user, err := s.store.UserByID(ctx, key.UserID)
	if err != nil {
		return nil, err
	}
	return &accountv1.FindKeyResponse{Key: keyToProto(key), User: toProto(user)}, nil
}

// NoteKeyUses notes when keys were used last.
func (s *accountServer) NoteKeyUses(ctx context.Context, req *accountv1.NoteKeyUsesRequest) (*accountv1.NoteKeyUsesResponse, error) {
	if len(req.GetUses()) > mostKeyUses {
		return nil, fault.New(fault.Invalid, "too_many_uses", "At most 1000 uses of keys are noted at once.")
	}
	uses := make([]record.KeyUse, 0, len(req.GetUses()))
	for _, use := range req.GetUses() {
		uses = append(uses, record.KeyUse{KeyID: use.GetKeyId(), At: timeOf(use.GetUsedAt())})
	}
	if err := s.store.NoteKeyUses(ctx, uses); err != nil {
		return nil, err
	}
	return &accountv1.NoteKeyUsesResponse{}, nil
}

// GetUsage tells how much of a day's quota a user has used.
func (s *accountServer) GetUsage(ctx context.Context, req *accountv1.GetUsageRequest) (*accountv1.GetUsageResponse, error) {
	audioMS, err := s.store.Usage(ctx, req.GetUserId(), req.GetDay())
	if err != nil {
		return nil, err
	}
	return &accountv1.GetUsageResponse{AudioMs: audioMS}, nil
}
