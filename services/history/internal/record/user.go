package record

import "time"

// User is an account.
type User struct {
	ID           string // UUIDv7
	Name         string // unique
	PasswordHash string // PHC string of argon2id
	Role         string // "user" or "admin"
	Active       bool
	CreatedAt    time.Time // to the microsecond
}
