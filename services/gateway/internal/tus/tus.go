// Package tus reads and writes the headers of the protocol tus 1.0.0 for uploads that
// arrive in several requests (https://tus.io/protocols/resumable-upload). What becomes
// of the bytes is package upload's; the routes are package api's.
package tus

import (
	"net/http"
	"strconv"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// Version of the protocol; there is no other.
const Version = "1.0.0"

// ContentType of the bytes of an upload.
const ContentType = "application/offset+octet-stream"

// Headers of the protocol.
const (
	HeaderOffset   = "Upload-Offset"
	HeaderLength   = "Upload-Length"
	HeaderDefer    = "Upload-Defer-Length"
	HeaderMetadata = "Upload-Metadata"
	HeaderExpires  = "Upload-Expires"
	HeaderChecksum = "Upload-Checksum"
	headerOverride = "X-Http-Method-Override"
	headerVersion  = "Tus-Resumable"
	headerVersions = "Tus-Version"
)

const extensions = "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration"

// Speak returns a handler whose answers, errors too, tell the version.
func Speak(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set(headerVersion, Version)
		return next(w, r)
	}
}

// Check returns a handler for clients of this version; others are answered with 412.
func Check(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Header.Get(headerVersion) != Version {
			w.Header().Set(headerVersions, Version)
			return problem.At(fault.New(fault.Invalid, "tus_version",
				"Send the header Tus-Resumable: "+Version+"."), http.StatusPreconditionFailed)
		}
		return next(w, r)
	}
}

// Describe answers with what the server can do. maxBytes is the longest upload.
func Describe(w http.ResponseWriter, maxBytes int64) {
	h := w.Header()
	h.Set(headerVersion, Version)
	h.Set(headerVersions, Version)
	h.Set("Tus-Extension", extensions)
	h.Set("Tus-Checksum-Algorithm", algorithms)
	h.Set("Tus-Max-Size", strconv.FormatInt(maxBytes, 10))
	w.WriteHeader(http.StatusNoContent)
}

// Method is what a client that can only POST says it means.
func Method(r *http.Request) string {
	if meant := r.Header.Get(headerOverride); meant != "" {
		return meant
	}
	return r.Method
}
