package history

import (
	"context"
	"fmt"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
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
	return &accountv1.LockUserResponse{User: toProto(user)}, nil
}
