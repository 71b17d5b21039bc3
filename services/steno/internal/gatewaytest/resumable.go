package gatewaytest

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// upload is one that arrives in several requests.
type upload struct {
	name   string
	length int64
	bytes  []byte
}

func (s *Server) resumable(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/uploads/{$}", s.user(s.beginUpload))
	mux.HandleFunc("HEAD /api/v1/uploads/{id}", s.user(s.headUpload))
	mux.HandleFunc("PATCH /api/v1/uploads/{id}", s.user(s.patchUpload))
	mux.HandleFunc("GET /api/v1/uploads/{id}", s.user(s.getUpload))
}

// CutUploads makes the next pieces of uploads break off half way; the server keeps what
// it got.
func (s *Server) CutUploads(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cuts = n
}

// Uploaded returns the bytes of an upload.
func (s *Server) Uploaded(id string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uploads[id].bytes
}

func (s *Server) beginUpload(w http.ResponseWriter, r *http.Request) {
	length, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	if err != nil || r.Header.Get("Tus-Resumable") != "1.0.0" {
		problem(w, http.StatusBadRequest, "invalid_header", "The header Upload-Length must be a number of bytes.")
		return
	}
	first, _, _ := strings.Cut(r.Header.Get("Upload-Metadata"), ",")
	name, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(first, "filename "))
	if err != nil {
		problem(w, http.StatusBadRequest, "invalid_header", "The header Upload-Metadata must be pairs.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("upload-%d", len(s.uploads)+1)
	s.uploads[id] = &upload{name: string(name), length: length}
	w.Header().Set("Location", "/api/v1/uploads/"+id)
	w.WriteHeader(http.StatusCreated)
}

func (s *Server) headUpload(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[r.PathValue("id")]
	if u == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Upload-Offset", strconv.Itoa(len(u.bytes)))
}

func (s *Server) patchUpload(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[r.PathValue("id")]
	switch {
	case u == nil:
		problem(w, http.StatusNotFound, "upload_not_found", "There is no upload of this id.")
		return
	case u.name == Refused:
		problem(w, http.StatusUnsupportedMediaType, "unsupported_media", "This is not a recording.")
		return
	case r.Header.Get("Upload-Offset") != strconv.Itoa(len(u.bytes)):
		problem(w, http.StatusConflict, "offset_mismatch", "The upload goes on elsewhere.")
		return
	}
	most := r.ContentLength
	if s.cuts > 0 {
		most /= 2
	}
	got, _ := io.ReadAll(io.LimitReader(r.Body, most)) // what came counts
	u.bytes = append(u.bytes, got...)
	if s.cuts > 0 {
		s.cuts--
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Upload-Offset", strconv.Itoa(len(u.bytes)))
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) getUpload(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("id")
	u := s.uploads[id]
	if u == nil || int64(len(u.bytes)) != u.length {
		problem(w, http.StatusNotFound, "upload_not_finished", "The upload is not finished.")
		return
	}
	s.files[id] = file{name: u.name, size: u.length}
	reply(w, http.StatusOK, map[string]any{"file_id": id, "name": u.name, "size": u.length, "created_at": born})
}
