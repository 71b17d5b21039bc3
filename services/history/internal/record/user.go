package record

import (
	"database/sql"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

var (
	// ErrLastAdmin is returned when an account is to be locked, or to become a user's,
	// that is the last active one of an administrator.
	ErrLastAdmin = fault.New(fault.Conflict, "last_admin", "This is the last administrator; make another one first.")
	// ErrNoUser is returned when there is no account of that id.
	ErrNoUser = fault.New(fault.NotFound, "user_not_found", "There is no such user.")
)

// Admin is the role of administrators.
const Admin = "admin"

// User is an account.
type User struct {
	ID           string // UUIDv7
	Name         string // unique
	PasswordHash string // PHC string of argon2id
	Role         string // "user" or Admin
	Active       bool
	CreatedAt    time.Time // to the microsecond
	Quota        Quota
}

// administers reports whether the mesh can be administered with this account.
func (u User) administers() bool { return u.Active && u.Role == Admin }

// Limit is a bound; without a value it is what the gateway's settings say, and 0 is
// none.
type Limit = sql.Null[int64]

// Quota bounds what a user may use.
type Quota struct {
	AudioSeconds Limit // a day of UTC
	Jobs         Limit // queued or running
	StoredBytes  Limit // of recordings
}

// UserChange is what is to change of an account; nil is left as it is.
type UserChange struct {
	Role         *string
	Active       *bool
	PasswordHash *string
	AudioSeconds *Limit
	Jobs         *Limit
	StoredBytes  *Limit
}

// Apply returns the account with the change. alone says that no other active account
// is an administrator's; then it may be ErrLastAdmin.
func (c UserChange) Apply(user User, alone bool) (User, error) {
	before := user.administers()
	set(&user.Role, c.Role)
	set(&user.Active, c.Active)
	set(&user.PasswordHash, c.PasswordHash)
	set(&user.Quota.AudioSeconds, c.AudioSeconds)
	set(&user.Quota.Jobs, c.Jobs)
	set(&user.Quota.StoredBytes, c.StoredBytes)
	if alone && before && !user.administers() {
		return User{}, ErrLastAdmin
	}
	return user, nil
}

func set[T any](place, value *T) {
	if value != nil {
		*place = *value
	}
}
