// Package apikey is the form of API keys: "sk-" and 260 random bits in base 32. They
// are as good as random, so that a plain hash keeps them safe.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"regexp"
	"strings"
)

// mark is how every key begins, as clients of other services expect it.
const mark = "sk-"

// shown is how much of a key its owner sees later, in bytes.
const shown = len(mark) + 6

var form = regexp.MustCompile(`^sk-[A-Z2-7]{52}$`)

// New returns a key that nobody has.
func New() string { return mark + rand.Text() + rand.Text() }

// Meant reports whether somebody wants to show an API key, and not a token.
func Meant(raw string) bool { return strings.HasPrefix(raw, mark) }

// Valid reports whether New can have made it.
func Valid(raw string) bool { return form.MatchString(raw) }

// Hash is what is kept of a key.
func Hash(raw string) [sha256.Size]byte { return sha256.Sum256([]byte(raw)) }

// Prefix is what tells an owner's keys apart.
func Prefix(raw string) string { return raw[:min(shown, len(raw))] }
