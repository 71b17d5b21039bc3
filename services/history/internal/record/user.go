package record

import (
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// ErrLastAdmin is returned when an account is to be locked that is the last active
// one of an administrator.
var ErrLastAdmin = fault.New(fault.Conflict, "last_admin", "This is the last administrator; make another one first.")

// User is an account.
type User struct {
	ID           string // UUIDv7
	Name         string // unique
	PasswordHash string // PHC string of argon2id
	Role         string // "user" or "admin"
	Active       bool
	CreatedAt    time.Time // to the microsecond
}
