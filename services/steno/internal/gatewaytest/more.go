package gatewaytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) jobMore(mux *http.ServeMux) {
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

// BreakStreams makes the next streams of events break off behind their first segment.
func (s *Server) BreakStreams(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaks = n
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

func (s *Server) deliveries(w http.ResponseWriter, _ *http.Request, j *job) {
	items := []map[string]any{}
	if j.callback != "" {
		items = append(items, map[string]any{
			"id": "msg-1", "type": "transcription.completed", "attempt": 1, "url": j.callback, "status": "pending",
			"ended_at": born, "next_attempt_at": born.Add(time.Minute),
			"attempts": []map[string]any{{
				"at": born, "http_status": 500, "duration_seconds": 0.25,
				"error": map[string]string{"code": "status", "message": "The receiver answered with a status other than 2xx."},
			}},
		})
	}
	reply(w, http.StatusOK, map[string]any{"items": items})
}

func (s *Server) resend(w http.ResponseWriter, r *http.Request, j *job) {
	if j.callback == "" || r.PathValue("delivery") != "msg-1" {
		problem(w, http.StatusNotFound, "delivery_not_found", "There is no delivery of this id.")
		return
	}
	reply(w, http.StatusAccepted, map[string]any{"id": "msg-1", "status": "pending"})
}

// events tells the whole life of a job, or the rest of it.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	var found *job
	breaks := false
	s.withJob(func(_ http.ResponseWriter, _ *http.Request, j *job) {
		found = j
		breaks = s.breaks > 0
		s.breaks--
	})(w, r)
	if found == nil {
		return
	}
	_, last, _ := strings.Cut(r.Header.Get("Last-Event-ID"), ".")
	place, _ := strconv.Atoi(last)
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprint(w, "retry: 1\n\n:\n\n") // a client that left wants no answer
	s.tell(w, found, place, breaks)
	_ = http.NewResponseController(w).Flush()
	switch {
	case breaks:
		panic(http.ErrAbortHandler)
	case found.file.name == Endless:
		<-r.Context().Done()
	}
}

func (s *Server) tell(w http.ResponseWriter, j *job, place int, breaks bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	event := func(name, id string, data any) {
		text, _ := json.Marshal(data) // maps of plain values
		_, _ = fmt.Fprintf(w, "event: %s\nid: 1.%s\ndata: %s\n\n", name, id, text)
	}
	j.step = max(j.step, 2)
	if place == 0 {
		event("status", "0", map[string]any{"task_id": j.id, "status": "transcribing", "stage": "transcribing", "attempt": 1})
		event("progress", "0", map[string]any{"progress": 0.4, "stage": "transcribing"})
	}
	if j.file.name == Broken {
		event("error", "0.end", map[string]any{"code": "corrupt_media", "message": "The recording is damaged.", "status": "failed"})
		return
	}
	for i, text := range []string{"The words of " + j.file.name + ".", "And the end of it."} {
		if i >= place {
			event("segment", strconv.Itoa(i+1), map[string]any{"id": i, "start": 2.5 * float64(i), "end": 2.5 * float64(i+1), "text": text})
		}
		if i >= place && (breaks || j.file.name == Endless) {
			return
		}
	}
	j.step = len(life) - 1
	event("done", "2.end", j.json())
}
