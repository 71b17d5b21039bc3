// Package gatewaytest is a server that answers as the gateway does,
// for tests of the client: it stores uploads, moves a job one step at each
// status question, and fails where the name of the recording asks for it.
package gatewaytest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the server takes as user and token.
const (
	User     = "anna"
	Password = "correct:horse"
	Token    = "token-of-anna"
)

// Names of recordings with a fate of their own. All others are transcribed.
const (
	Broken  = "broken.mp3"  // its job fails with corrupt_media
	Endless = "endless.wav" // its job runs until it is cancelled
	Refused = "refused.pdf" // its upload is refused with unsupported_media
)

// Server is the pretended gateway. Its methods may be called while it serves.
type Server struct {
	URL string

	mu    sync.Mutex
	files map[string]file
	jobs  []*job
	seen  []string            // "METHOD path?query" of all requests
	next  map[string][]answer // planned answers by path, before the real one

	keys    []map[string]any
	users   []map[string]any
	uploads map[string]*upload
	breaks  int // event streams that are to break off
	cuts    int // pieces of uploads that are to break off
}

type file struct {
	name string
	size int64
}

// answer is one that a test planned.
type answer struct {
	status     int
	retryAfter string
}

// Start runs a server until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{files: map[string]file{}, next: map[string][]answer{}, uploads: map[string]*upload{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/auth/token", s.login)
	mux.HandleFunc("GET /api/v1/health/ready", func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, map[string]any{}) })
	mux.HandleFunc("GET /api/v1/user/me", s.user(s.me))
	mux.HandleFunc("POST /api/v1/files", s.user(s.upload))
	mux.HandleFunc("POST /api/v1/transcription/create", s.user(s.create))
	mux.HandleFunc("GET /api/v1/transcription/{id}", s.user(s.withJob(s.whole)))
	mux.HandleFunc("GET /api/v1/transcription/{id}/status", s.user(s.withJob(s.status)))
	mux.HandleFunc("GET /api/v1/transcription/{id}/download", s.user(s.withJob(s.download)))
	mux.HandleFunc("POST /api/v1/transcription/{id}/cancel", s.user(s.withJob(s.cancel)))
	mux.HandleFunc("GET /api/v1/user/history", s.user(s.history))
	mux.HandleFunc("GET /api/v1/models", s.user(s.models))
	s.account(mux)
	s.changes(mux)
	s.resumable(mux)
	s.stored(mux)
	server := httptest.NewServer(s.recorded(mux))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Plan makes the next request to a path fail with a status, whatever it asks.
// Several plans for one path are used up in order.
func (s *Server) Plan(path string, status int, retryAfter string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[path] = append(s.next[path], answer{status, retryAfter})
}

// Requests lists all requests so far as "METHOD path?query".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// recorded notes every request and gives the planned answer where there is one.
func (s *Server) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if planned, ok := s.note(r); ok {
			w.Header().Set("Retry-After", planned.retryAfter)
			problem(w, planned.status, "planned", "The test wants it so.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) note(r *http.Request) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, r.Method+" "+r.URL.RequestURI())
	planned := s.next[r.URL.Path]
	if len(planned) == 0 {
		return answer{}, false
	}
	s.next[r.URL.Path] = planned[1:]
	return planned[0], true
}

// user lets in who brings the token.
func (s *Server) user(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case bearer == Token, s.isKey(bearer):
			next(w, r)
		case bearer == "":
			problem(w, http.StatusUnauthorized, "login_required", "Send an access token: Authorization: Bearer <token>.")
		default:
			problem(w, http.StatusUnauthorized, "invalid_token", "The access token is not valid or no longer so; get a new one at /api/v1/auth/token.")
		}
	}
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	var in struct{ Username, Password string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		problem(w, http.StatusBadRequest, "invalid_json", "The body is not JSON.")
		return
	}
	if in.Username != User || in.Password != Password {
		problem(w, http.StatusUnauthorized, "invalid_credentials", "The name or the password is wrong.")
		return
	}
	reply(w, http.StatusOK, map[string]any{"access_token": Token, "token_type": "bearer", "expires_in": 86400})
}

func (s *Server) me(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{
		"user_id": "user-1", "username": User, "role": "user",
		"quota": map[string]any{"audio_seconds_per_day": 3600}, "used": map[string]any{"audio_seconds_per_day": 600},
		"left": map[string]any{"audio_seconds_per_day": 3000},
	})
}

func (s *Server) models(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{"models": []map[string]any{
		{"name": "demo", "aliases": []string{"demo-en-ru"}, "bytes": 7951751, "installed": true, "loaded": true},
		{"name": "large-v3-turbo", "aliases": []string{"turbo", "whisper-1"}, "bytes": 1624555275},
	}})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left wants no answer
}

func problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail,
	}) // a client that left wants no answer
}

// born is when all jobs are made, so that tables are always the same.
var born = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
