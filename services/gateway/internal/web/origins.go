package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Origins are the sites whose pages may use the API from a browser. It is a flag:
// origins such as "https://app.example" with commas between them, or "*" for all. No
// cookie is ever looked at, so a page can do no more than whoever it asks for a token.
type Origins []string

// What pages may send and read beside what every page may.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Last-Event-ID, Range, " +
		"Tus-Resumable, Upload-Checksum, Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset, " +
		"X-HTTP-Method-Override, X-Request-Id, X-Requested-With"
	corsExposed = "Content-Disposition, Content-Range, ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Limit, " +
		"RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After, " +
		"Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, " +
		"Upload-Defer-Length, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, " +
		"X-Cache, X-File-Id, X-File-Sha256, X-Request-Id"
	corsMaxAge = "7200" // seconds a browser need not ask again
)

// String returns the origins.
func (o *Origins) String() string { return strings.Join(*o, ",") }

// Set takes origins; the empty text is none.
func (o *Origins) Set(text string) error {
	*o = nil
	for word := range strings.SplitSeq(text, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		if word == "" {
			continue
		}
		if u, err := url.Parse(word); word != "*" && (err != nil || u.Host == "" || u.Scheme+"://"+u.Host != word) {
			return fmt.Errorf("%q is not of the form https://app.example", word)
		}
		*o = append(*o, word)
	}
	return nil
}

// Admit lets pages of these sites use next. What browsers ask beforehand is answered
// here; it comes without a token.
func (o Origins) Admit(next http.Handler) http.Handler {
	if len(o) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin == "" || !o.has(origin) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.Header().Set("Access-Control-Allow-Methods", corsMethods)
			w.Header().Set("Access-Control-Allow-Headers", corsHeaders)
			w.Header().Set("Access-Control-Max-Age", corsMaxAge)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Access-Control-Expose-Headers", corsExposed)
		next.ServeHTTP(w, r)
	})
}

func (o Origins) has(origin string) bool {
	return slices.Contains(o, "*") || slices.Contains(o, strings.ToLower(origin))
}
