package gatewaytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

func (s *Server) account(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/auth/keys", s.user(s.createKey))
	mux.HandleFunc("GET /api/v1/auth/keys", s.user(s.listed(&s.keys)))
	mux.HandleFunc("DELETE /api/v1/auth/keys/{id}", s.user(s.delete(&s.keys, "id", "key_not_found", http.StatusNoContent)))
	mux.HandleFunc("POST /api/v1/users", s.user(s.createUser))
	mux.HandleFunc("GET /api/v1/users", s.user(s.listed(&s.users)))
	mux.HandleFunc("GET /api/v1/users/{id}", s.user(s.getUser))
	mux.HandleFunc("PATCH /api/v1/users/{id}", s.user(s.patchUser))
	mux.HandleFunc("DELETE /api/v1/users/{id}", s.user(s.delete(&s.users, "user_id", "user_not_found", http.StatusAccepted)))
	mux.HandleFunc("GET /api/v1/user/stats", s.user(s.stats))
	mux.HandleFunc("GET /api/v1/stats", s.user(s.stats))
	secret := s.user(func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]any{"secret": "whsec_c2VjcmV0", "created_at": born, "previous": []any{}})
	})
	mux.HandleFunc("GET /api/v1/user/webhook-secret", secret)
	mux.HandleFunc("POST /api/v1/user/webhook-secret", secret)
}

// isKey reports whether somebody brings an API key that counts.
func (s *Server) isKey(bearer string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.keys, func(k map[string]any) bool { return "sk-"+k["id"].(string) == bearer })
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request) {
	var key map[string]any
	if err := json.NewDecoder(r.Body).Decode(&key); err != nil || key["name"] == "" {
		problem(w, http.StatusBadRequest, "invalid_name", "A key has a name.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("key-%d", len(s.keys)+1)
	key["id"], key["prefix"], key["created_at"] = id, "sk-key", born
	s.keys = append(s.keys, key)
	once := maps.Clone(key)
	once["key"] = "sk-" + id
	reply(w, http.StatusCreated, once)
}

func (s *Server) listed(all *[]map[string]any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		reply(w, http.StatusOK, map[string]any{"items": append([]map[string]any{}, *all...), "next_cursor": nil})
	}
}

func (s *Server) delete(all *[]map[string]any, id, code string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		before := len(*all)
		*all = slices.DeleteFunc(*all, func(one map[string]any) bool { return one[id] == r.PathValue("id") })
		if len(*all) == before {
			problem(w, http.StatusNotFound, code, "There is nothing of this id.")
			return
		}
		w.WriteHeader(status)
	}
}

func (s *Server) createUser(w http.ResponseWriter, r *http.Request) {
	user := map[string]any{"role": "user", "quota": map[string]any{}}
	if err := json.NewDecoder(r.Body).Decode(&user); err != nil {
		problem(w, http.StatusBadRequest, "invalid_json", "The body is not JSON.")
		return
	}
	if password, _ := user["password"].(string); len(password) < 8 {
		problem(w, http.StatusBadRequest, "invalid_password", "A password has at least 8 characters.")
		return
	}
	delete(user, "password")
	s.mu.Lock()
	defer s.mu.Unlock()
	user["user_id"], user["active"], user["created_at"] = fmt.Sprintf("user-%d", len(s.users)+2), true, born
	s.users = append(s.users, user)
	reply(w, http.StatusCreated, user)
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user := s.userOf(w, r); user != nil {
		reply(w, http.StatusOK, user)
	}
}

func (s *Server) patchUser(w http.ResponseWriter, r *http.Request) {
	var change map[string]any
	if err := json.NewDecoder(r.Body).Decode(&change); err != nil {
		problem(w, http.StatusBadRequest, "invalid_json", "The body is not JSON.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.userOf(w, r)
	if user == nil {
		return
	}
	delete(change, "password")
	if parts, ok := change["quota"].(map[string]any); ok {
		maps.Copy(user["quota"].(map[string]any), parts)
		delete(change, "quota")
	}
	maps.Copy(user, change)
	reply(w, http.StatusOK, user)
}

// userOf finds the user of the path, or answers that there is none.
func (s *Server) userOf(w http.ResponseWriter, r *http.Request) map[string]any {
	i := slices.IndexFunc(s.users, func(u map[string]any) bool { return u["user_id"] == r.PathValue("id") })
	if i < 0 {
		problem(w, http.StatusNotFound, "user_not_found", "There is no user of this id.")
		return nil
	}
	return s.users[i]
}

func (s *Server) stats(w http.ResponseWriter, _ *http.Request) {
	tally := func(name, value string) []map[string]any {
		return []map[string]any{{name: value, "jobs": 3, "audio_seconds": 4000.5}}
	}
	reply(w, http.StatusOK, map[string]any{
		"jobs": map[string]int{"total": 4, "completed": 3, "failed": 1}, "audio_seconds": 4000.5, "real_time_factor": 0.125,
		"days": tally("date", "2026-03-14"), "languages": tally("language", "ru"), "models": tally("model", "demo"),
		"storage": map[string]int{"bytes": 123456}, "queue_depth": 2, "running": 1,
	})
}
