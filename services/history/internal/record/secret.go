package record

import (
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// Secret is what hooks of a user are signed with.
type Secret struct {
	ID        string // UUIDv7
	Secret    string
	CreatedAt time.Time // to the microsecond
	ExpiresAt time.Time // zero for the current one
}

// SecretLife is how long a secret is still used after it was replaced.
const SecretLife = 24 * time.Hour

// MostSecrets of a user may be valid at once: each is a signature on every hook.
const MostSecrets = 8

// ErrTooManySecrets is returned when a secret is to be replaced once too often.
var ErrTooManySecrets = fault.New(fault.Exhausted, "too_many_secrets",
	"The secret was replaced too often within a day; wait until the old ones have ended.")
