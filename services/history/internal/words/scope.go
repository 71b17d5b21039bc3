package words

import (
	"crypto/sha256"
	"encoding/base32"
)

const (
	scopeBytes = 5
	scopeChars = 8
)

var scopes = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Scope is what the stores write before each word of a user: so a word that many
// have said costs the one who looks for it nothing. It has 8 letters and digits. Two
// users may share one; so the owner is asked for all the same.
func Scope(userID string) string {
	sum := sha256.Sum256([]byte(userID))
	return scopes.EncodeToString(sum[:scopeBytes])
}
