package record

import (
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// MostKeys is how many API keys a user may have.
const MostKeys = 100

var (
	// ErrTooManyKeys is returned when a user has MostKeys already.
	ErrTooManyKeys = fault.New(fault.Conflict, "too_many_keys", "There are 100 API keys already; remove one first.")
	// ErrNoKey is returned when there is no key of that hash.
	ErrNoKey = fault.New(fault.NotFound, "key_not_found", "There is no such API key.")
)

// Key is an API key.
type Key struct {
	ID         string // UUIDv7
	UserID     string // owner
	Hash       [32]byte
	Name       string
	Prefix     string    // how the secret begins
	CreatedAt  time.Time // to the microsecond, as all of these
	ExpiresAt  time.Time // zero: never
	LastUsedAt time.Time // zero: never
}

// KeyUse is when a key was used.
type KeyUse struct {
	KeyID string
	At    time.Time
}
