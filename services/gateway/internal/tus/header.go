package tus

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// longestMetadata bounds the header Upload-Metadata, in bytes.
const longestMetadata = 4 << 10

// Length returns how long a new upload says it will be, in bytes; deferred when that
// is told later. Invalid, code "invalid_header": neither, both, or no number.
func Length(h http.Header) (length int64, deferred bool, err error) {
	value, later := h.Get(HeaderLength), h.Get(HeaderDefer)
	switch {
	case value == "" && later == "1":
		return 0, true, nil
	case later != "":
		return 0, false, invalid(HeaderDefer, "must be 1, and stand alone")
	}
	length, err = number(HeaderLength, value)
	return length, false, err
}

// LaterLength returns the length that a request tells of an upload that had none;
// told is false when it tells none.
func LaterLength(h http.Header) (length int64, told bool, err error) {
	value := h.Get(HeaderLength)
	if value == "" {
		return 0, false, nil
	}
	length, err = number(HeaderLength, value)
	return length, true, err
}

// Offset returns where in the upload the bytes of a request begin.
func Offset(h http.Header) (int64, error) { return number(HeaderOffset, h.Get(HeaderOffset)) }

// number reads digits, and nothing that only a parser takes for a number.
func number(name, value string) (int64, error) {
	for _, digit := range []byte(value) {
		if digit < '0' || digit > '9' {
			return 0, invalid(name, "must be a number of bytes")
		}
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, invalid(name, "must be a number of bytes")
	}
	return n, nil
}

// CheckContentType refuses bodies of another type than the protocol's: Unsupported,
// code "unsupported_media".
func CheckContentType(h http.Header) error {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != ContentType {
		return fault.New(fault.Unsupported, "unsupported_media", "Send the bytes as "+ContentType+".")
	}
	return nil
}

// Metadata reads pairs of a key and, in base64, its value, with commas between them.
// raw is all of it as it was sent, in one line of ASCII.
func Metadata(h http.Header) (raw string, values map[string]string, err error) {
	raw = strings.Join(h.Values(HeaderMetadata), ",")
	if len(raw) > longestMetadata {
		return "", nil, invalid(HeaderMetadata, fmt.Sprintf("is longer than %d bytes", longestMetadata))
	}
	values = map[string]string{}
	if raw == "" {
		return raw, values, nil
	}
	for pair := range strings.SplitSeq(raw, ",") {
		key, encoded, _ := strings.Cut(strings.Trim(pair, " "), " ")
		value, err := base64.StdEncoding.DecodeString(encoded)
		if _, twice := values[key]; twice || key == "" || !printable(key) || err != nil {
			return "", nil, invalid(HeaderMetadata, "must be pairs of a key and a value in base64, each key once")
		}
		values[key] = string(value)
	}
	return raw, values, nil
}

// printable reports whether a text is ASCII without spaces and controls.
func printable(text string) bool {
	for _, char := range []byte(text) {
		if char <= ' ' || char >= 0x7f {
			return false
		}
	}
	return true
}

func invalid(name, what string) error {
	return problem.With(fault.New(fault.Invalid, "invalid_header", "The header "+name+" "+what+"."), "header", name)
}
