package history

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/stenomesh/stenomesh/pkg/account"
	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/password"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// maxPassword bounds what is hashed, in bytes.
const maxPassword = 1024

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}$`)

	// One answer for every way a login can fail: it must not tell who exists.
	errLogin = fault.New(fault.Unauthenticated, "invalid_credentials", "The name or the password is wrong.")
)

// accountServer is AccountService.
type accountServer struct {
	accountv1.UnimplementedAccountServiceServer
	store   Store
	hasher  *password.Hasher
	changes *account.Announcer
	now     func() time.Time
}

// Authenticate checks a login. It does the same work whether the user exists
// or not and is active or not. Unavailable: too many others are before it.
func (s *accountServer) Authenticate(ctx context.Context, req *accountv1.AuthenticateRequest) (*accountv1.AuthenticateResponse, error) {
	if len(req.GetPassword()) > maxPassword {
		return nil, errLogin
	}
	user, err := s.store.UserByName(ctx, req.GetName())
	if fault.Is(err, fault.NotFound) {
		if err := s.hasher.VerifyNobody(ctx, req.GetPassword()); err != nil {
			return nil, fmt.Errorf("check password: %w", err)
		}
		return nil, errLogin
	}
	if err != nil {
		return nil, err
	}
	matches, err := s.hasher.Verify(ctx, user.PasswordHash, req.GetPassword())
	if err != nil {
		return nil, fmt.Errorf("check password of %s: %w", user.ID, err)
	}
	if !matches || !user.Active {
		return nil, errLogin
	}
	return &accountv1.AuthenticateResponse{User: toProto(user)}, nil
}

// GetUser returns one account.
func (s *accountServer) GetUser(ctx context.Context, req *accountv1.GetUserRequest) (*accountv1.GetUserResponse, error) {
	user, err := s.store.UserByID(ctx, req.GetUserId())
	if err != nil {
		return nil, err
	}
	return &accountv1.GetUserResponse{User: toProto(user)}, nil
}

// EnsureUser makes an account unless there is one of that name; then neither
// its password nor its role changes. Any password of 1 to 1024 bytes is taken:
// how strong it must be is for the one who asks to say (the operator chose it,
// or it was generated). A call that is made again, because its answer was lost, is
// known by the id that the caller chose.
func (s *accountServer) EnsureUser(ctx context.Context, req *accountv1.EnsureUserRequest) (*accountv1.EnsureUserResponse, error) {
	if err := checkAccount(req); err != nil {
		return nil, err
	}
	user, err := s.store.UserByName(ctx, req.GetName())
	if err == nil || !fault.Is(err, fault.NotFound) {
		return ensured(user, req), err
	}
	if user, err = s.newUser(ctx, req); err != nil {
		return nil, fmt.Errorf("make user: %w", err)
	}
	created, err := s.store.CreateUser(ctx, user)
	if err != nil {
		return nil, err
	}
	if !created { // somebody else was faster, or we were, and were not told
		user, err = s.store.UserByName(ctx, req.GetName())
		return ensured(user, req), err
	}
	return &accountv1.EnsureUserResponse{User: toProto(user), Created: true}, nil
}

// ensured is the answer where there is an account of that name.
func ensured(user record.User, req *accountv1.EnsureUserRequest) *accountv1.EnsureUserResponse {
	return &accountv1.EnsureUserResponse{User: toProto(user), Created: req.GetUserId() != "" && user.ID == req.GetUserId()}
}

// CountUsers tells how many accounts there are.
func (s *accountServer) CountUsers(ctx context.Context, _ *accountv1.CountUsersRequest) (*accountv1.CountUsersResponse, error) {
	users, err := s.store.CountUsers(ctx)
	if err != nil {
		return nil, err
	}
	return &accountv1.CountUsersResponse{Users: users}, nil
}

func (s *accountServer) newUser(ctx context.Context, req *accountv1.EnsureUserRequest) (record.User, error) {
	id := req.GetUserId()
	if id == "" {
		made, err := uuid.NewV7()
		if err != nil {
			return record.User{}, err
		}
		id = made.String()
	}
	hash, err := s.hasher.Hash(ctx, req.GetPassword())
	if err != nil {
		return record.User{}, err
	}
	return record.User{ID: id, Name: req.GetName(), PasswordHash: hash, Role: roleOf(req.GetRole()), Active: true,
		CreatedAt: s.now().UTC().Truncate(time.Microsecond), Quota: quotaOf(req.GetQuota())}, nil
}

func checkAccount(req *accountv1.EnsureUserRequest) error {
	if !nameForm.MatchString(req.GetName()) {
		return fault.New(fault.Invalid, "invalid_name", "A user name is 1 to 64 letters, digits and . _ @ - characters.")
	}
	if id := req.GetUserId(); id != "" && uuid.Validate(id) != nil {
		return fault.New(fault.Invalid, "invalid_user_id", "The id of a user is a UUID.")
	}
	q := req.GetQuota()
	if q.GetAudioSecondsPerDay() < 0 || q.GetConcurrentJobs() < 0 || q.GetStoredBytes() < 0 {
		return errQuota
	}
	return checkPassword(req.GetPassword())
}

func checkPassword(text string) error {
	if n := len(text); n < 1 || n > maxPassword {
		return fault.New(fault.Invalid, "invalid_password", fmt.Sprintf("A password is 1 to %d bytes long.", maxPassword))
	}
	return nil
}
