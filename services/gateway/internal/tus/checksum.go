package tus

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"strings"

	"github.com/stenomesh/stenomesh/services/gateway/internal/upload"
)

// algorithms of checksums. The protocol asks for SHA-1; it is no proof against anybody
// who wants to deceive, and need not be.
const algorithms = "sha1,sha256"

// Checksum returns what the bytes of a request must add up to; nil if it says nothing.
// Invalid, code "invalid_header": another algorithm, or no sum of its length.
func Checksum(h http.Header) (*upload.Checksum, error) {
	value := h.Get(HeaderChecksum)
	if value == "" {
		return nil, nil
	}
	algorithm, encoded, _ := strings.Cut(value, " ")
	var sum hash.Hash
	switch algorithm {
	case "sha1":
		sum = sha1.New()
	case "sha256":
		sum = sha256.New()
	default:
		return nil, invalid(HeaderChecksum, "must be one of "+algorithms+", and the sum in base64")
	}
	want, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(want) != sum.Size() {
		return nil, invalid(HeaderChecksum, "has no "+algorithm+" sum in base64")
	}
	return &upload.Checksum{Hash: sum, Want: want}, nil
}
