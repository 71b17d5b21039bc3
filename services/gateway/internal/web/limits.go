package web

import (
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// Limits of a request's head. The server's own, above them, has no words for a
// client: it closes the connection.
const (
	longestURI    = 8 << 10  // bytes
	longestHead   = 32 << 10 // bytes of all headers
	mostHeaders   = 100
	headerFraming = 4 // bytes around a header's name and value
)

// Limit refuses requests whose head is larger than any of ours needs to be.
func Limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > longestURI {
			refuse(w, r, http.StatusRequestURITooLong,
				fault.New(fault.Invalid, "uri_too_long", "The address is longer than 8 KiB."))
			return
		}
		if count, size := headSize(r.Header); count > mostHeaders || size > longestHead {
			refuse(w, r, http.StatusRequestHeaderFieldsTooLarge,
				fault.New(fault.Invalid, "headers_too_large", "There are more than 100 headers, or more than 32 KiB of them."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func headSize(h http.Header) (count, size int) {
	for name, values := range h {
		count += len(values)
		for _, value := range values {
			size += len(name) + len(value) + headerFraming
		}
	}
	return count, size
}
