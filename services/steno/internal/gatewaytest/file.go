package gatewaytest

import (
	"fmt"
	"net/http"
)

func (s *Server) stored(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/files/{id}", s.user(s.withFile(func(w http.ResponseWriter, id string, f file) {
		reply(w, http.StatusOK, map[string]any{"file_id": id, "name": f.name, "size": f.size, "created_at": born})
	})))
	mux.HandleFunc("GET /api/v1/files/{id}/audio", s.user(s.withFile(func(w http.ResponseWriter, _ string, f file) {
		_, _ = fmt.Fprintf(w, "sound of %s", f.name) // a client that left wants no answer
	})))
	mux.HandleFunc("DELETE /api/v1/files/{id}", s.user(s.withFile(func(w http.ResponseWriter, id string, _ file) {
		delete(s.files, id)
		w.WriteHeader(http.StatusNoContent)
	})))
}

// withFile finds the file of the path and calls next while it cannot change.
func (s *Server) withFile(next func(w http.ResponseWriter, id string, f file)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		id := r.PathValue("id")
		f, ok := s.files[id]
		if !ok {
			problem(w, http.StatusNotFound, "file_not_found", "There is no file of this id.")
			return
		}
		next(w, id, f)
	}
}
