package history

import (
	"context"
	"fmt"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// ListUsers returns one page of accounts.
func (s *accountServer) ListUsers(ctx context.Context, req *accountv1.ListUsersRequest) (*accountv1.ListUsersResponse, error) {
	if req.GetLimit() < 1 || req.GetLimit() > maxLimit {
		return nil, fault.New(fault.Invalid, "invalid_limit", fmt.Sprintf("limit must be between 1 and %d.", maxLimit))
	}
	users, more, err := s.store.Users(ctx, req.GetAfter(), int(req.GetLimit()))
	if err != nil {
		return nil, err
	}
	reply := &accountv1.ListUsersResponse{More: more}
	for _, user := range users {
		reply.Users = append(reply.Users, toProto(user))
	}
	return reply, nil
}

// LockUser keeps a user from logging in.
func (s *accountServer) LockUser(ctx context.Context, req *accountv1.LockUserRequest) (*accountv1.LockUserResponse, error) {
	user, err := s.store.LockUser(ctx, req.GetUserId())
	if err != nil {
		return nil, err
	}
	s.changes.Announce(ctx, &accountv1.AccountChanged{UserId: user.ID, Locked: true})
	return &accountv1.LockUserResponse{User: toProto(user)}, nil
}

// UpdateUser changes an account and tells the gateways.
func (s *accountServer) UpdateUser(ctx context.Context, req *accountv1.UpdateUserRequest) (*accountv1.UpdateUserResponse, error) {
	change, err := s.changeOf(ctx, req)
	if err != nil {
		return nil, err
	}
	user, err := s.store.UpdateUser(ctx, req.GetUserId(), change)
	if err != nil {
		return nil, err
	}
	s.changes.Announce(ctx, &accountv1.AccountChanged{UserId: user.ID, Locked: !user.Active})
	return &accountv1.UpdateUserResponse{User: toProto(user)}, nil
}

// changeOf checks a change and hashes the new password.
func (s *accountServer) changeOf(ctx context.Context, req *accountv1.UpdateUserRequest) (record.UserChange, error) {
	change := record.UserChange{Active: req.Active}
	if req.Role != nil {
		role := roleOf(req.GetRole())
		change.Role = &role
	}
	for _, part := range []struct {
		wanted *accountv1.Limit
		place  **record.Limit
	}{
		{req.GetAudioSecondsPerDay(), &change.AudioSeconds},
		{req.GetConcurrentJobs(), &change.Jobs},
		{req.GetStoredBytes(), &change.StoredBytes},
	} {
		if part.wanted.GetValue() < 0 {
			return change, errQuota
		}
		if part.wanted != nil {
			limit := limitOf(part.wanted.Value)
			*part.place = &limit
		}
	}
	if req.Password == nil {
		return change, nil
	}
	if err := checkPassword(req.GetPassword()); err != nil {
		return change, err
	}
	hash, err := s.hasher.Hash(ctx, req.GetPassword())
	change.PasswordHash = &hash
	return change, err
}
