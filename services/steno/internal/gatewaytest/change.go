package gatewaytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

func (s *Server) changes(mux *http.ServeMux) {
	mux.HandleFunc("DELETE /api/v1/transcription/{id}", s.user(s.withJob(s.forget)))
	mux.HandleFunc("POST /api/v1/transcription/{id}/retry", s.user(s.withJob(s.retry)))
	mux.HandleFunc("PATCH /api/v1/transcription/{id}/transcript", s.user(s.withJob(s.edit)))
	mux.HandleFunc("GET /api/v1/transcription/{id}/events", s.user(s.events))
	mux.HandleFunc("GET /api/v1/transcription/{id}/deliveries", s.user(s.withJob(s.deliveries)))
	mux.HandleFunc("POST /api/v1/transcription/{id}/deliveries/{delivery}/resend", s.user(s.withJob(s.resend)))
}

// Ordered returns the body that a job was created with.
func (s *Server) Ordered(task string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.jobs, func(j *job) bool { return j.id == task })
	return s.jobs[i].order
}

func (s *Server) forget(w http.ResponseWriter, _ *http.Request, j *job) {
	s.jobs = slices.DeleteFunc(s.jobs, func(one *job) bool { return one == j })
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) retry(w http.ResponseWriter, _ *http.Request, j *job) {
	if at := j.phase().status; at != "failed" && at != "cancelled" {
		problem(w, http.StatusConflict, "job_"+at, "Only a job that failed or was cancelled is tried again.")
		return
	}
	j.step, j.cancelled = 0, false
	j.attempt++
	reply(w, http.StatusAccepted, j.json())
}

func (j *job) tag() string { return fmt.Sprintf("%q", fmt.Sprintf("%s-%d", j.id, 1+j.edits)) }

func (s *Server) edit(w http.ResponseWriter, r *http.Request, j *job) {
	if r.Header.Get("If-Match") != j.tag() {
		problem(w, http.StatusPreconditionFailed, "transcript_changed", "The transcript was changed meanwhile.")
		return
	}
	var in struct{ Segments []map[string]any }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Segments == nil {
		problem(w, http.StatusBadRequest, "invalid_json", "The field segments is missing.")
		return
	}
	j.edits++
	reply(w, http.StatusOK, map[string]any{"task_id": j.id, "version": 1 + j.edits, "segments": len(in.Segments)})
}
