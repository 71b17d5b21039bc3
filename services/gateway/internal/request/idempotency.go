package request

import (
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

const (
	idempotencyHeader = "Idempotency-Key"
	longestKey        = 255 // characters
)

// IdempotencyKey returns the key that a client gave its request; empty for none.
// Invalid: it is empty or said twice, longer than 255 characters, or has others than visible ASCII.
func IdempotencyKey(r *http.Request) (string, error) {
	given := r.Header.Values(idempotencyHeader)
	if len(given) == 0 {
		return "", nil
	}
	key := given[0]
	bad := len(given) > 1 || key == "" || len(key) > longestKey
	for n := range len(key) {
		bad = bad || key[n] <= ' ' || key[n] > '~'
	}
	if bad {
		return "", problem.With(fault.New(fault.Invalid, "invalid_idempotency_key",
			"The Idempotency-Key is one word of 1 to 255 visible ASCII characters."), "header", idempotencyHeader)
	}
	return key, nil
}
