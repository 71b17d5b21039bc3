package gatewaytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// job moves one step along life at each status question.
type job struct {
	id        string
	file      file
	model     string
	language  string
	step      int
	cancelled bool
	attempt   int // beyond the first
	edits     int // of the transcript
	callback  string
	order     map[string]any // as it was sent
}

// phase is where a job stands after some steps.
type phase struct {
	status   string
	progress float64
}

var life = []phase{{"queued", 0}, {"preprocessing", 0.1}, {"transcribing", 0.4}, {"transcribing", 0.8}, {"completed", 1}}

func (j *job) phase() phase {
	switch {
	case j.cancelled:
		return phase{"cancelled", 0}
	case j.file.name == Broken && j.step > 1:
		return phase{"failed", 0}
	case j.file.name == Endless:
		return life[min(j.step, 3)]
	default:
		return life[min(j.step, len(life)-1)]
	}
}

func (j *job) json() map[string]any {
	at := j.phase()
	fields := map[string]any{
		"task_id": j.id, "status": at.status, "stage": at.status, "progress": at.progress, "attempt": 1 + j.attempt,
		"model": j.model, "language": j.language, "file_name": j.file.name, "created_at": born,
		"position": nil, "started_at": nil, "finished_at": nil, "cached": false, "error": nil,
	}
	if j.step > 1 {
		fields["duration_seconds"], fields["started_at"] = 12.38, born
	}
	if at.status == "failed" {
		fields["error"] = map[string]string{"code": "corrupt_media", "message": "The recording is damaged."}
	}
	return fields
}

func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == Refused {
		problem(w, http.StatusUnsupportedMediaType, "unsupported_media", "This is not a recording.")
		return
	}
	size, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return // the client left half way
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("file-%d", len(s.files)+1)
	s.files[id] = file{name: name, size: size}
	reply(w, http.StatusCreated, map[string]any{
		"file_id": id, "name": name, "size": size, "content_type": r.Header.Get("Content-Type"), "created_at": born,
	})
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	in := struct {
		FileID      string `json:"file_id"`
		Model       string `json:"model"`
		Language    string `json:"language"`
		Diarization bool   `json:"diarization"`
		CallbackURL string `json:"callback_url"`
	}{Model: "large-v3-turbo"}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client left half way
	}
	var order map[string]any
	if json.Unmarshal(body, &in) != nil || json.Unmarshal(body, &order) != nil {
		problem(w, http.StatusBadRequest, "invalid_json", "The body is not JSON.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.files[in.FileID]
	if !ok {
		problem(w, http.StatusNotFound, "file_not_found", "There is no such file.")
		return
	}
	j := &job{id: fmt.Sprintf("task-%d", len(s.jobs)+1), file: stored, model: in.Model, language: in.Language, callback: in.CallbackURL, order: order}
	s.jobs = append(s.jobs, j)
	w.Header().Set("Location", "/api/v1/transcription/"+j.id)
	created := map[string]any{"task_id": j.id, "status": "queued", "created_at": born}
	if in.Diarization {
		created["warnings"] = []string{"Telling speakers apart is not available yet."}
	}
	reply(w, http.StatusCreated, created)
}

// withJob finds the job of the path and calls next while it cannot change.
func (s *Server) withJob(next func(http.ResponseWriter, *http.Request, *job)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := slices.IndexFunc(s.jobs, func(j *job) bool { return j.id == r.PathValue("id") })
		if i < 0 {
			problem(w, http.StatusNotFound, "task_not_found", "There is no task of this id.")
			return
		}
		next(w, r, s.jobs[i])
	}
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request, j *job) {
	reply(w, http.StatusOK, j.json())
	j.step++
}

func (s *Server) whole(w http.ResponseWriter, _ *http.Request, j *job) {
	fields := j.json()
	fields["timings"] = []map[string]any{{"stage": "queued", "seconds": 0.01}, {"stage": "transcribing", "seconds": 1.25}}
	reply(w, http.StatusOK, fields)
}

func (s *Server) download(w http.ResponseWriter, r *http.Request, j *job) {
	if j.phase().status != "completed" {
		problem(w, http.StatusNotFound, "result_not_ready", "There is no result yet.")
		return
	}
	w.Header().Set("Etag", j.tag())
	switch format := r.URL.Query().Get("format"); format {
	case "text", "":
		_, _ = fmt.Fprintf(w, "The words of %s.\n", j.file.name)
	case "srt":
		if lines := r.URL.Query().Get("max_line_length"); lines != "" {
			_, _ = fmt.Fprintf(w, "lines of %s\n", lines)
			return
		}
		_, _ = fmt.Fprintf(w, "1\n00:00:00,350 --> 00:00:02,080\nThe words of %s.\n\n", j.file.name)
	case "vtt":
		_, _ = fmt.Fprintf(w, "WEBVTT\n\n00:00.350 --> 00:02.080\nThe words of %s.\n", j.file.name)
	case "json":
		reply(w, http.StatusOK, map[string]any{"text": "The words of " + j.file.name + "."})
	default:
		_, _ = fmt.Fprintf(w, "%s of %s", format, j.file.name)
	}
}

func (s *Server) cancel(w http.ResponseWriter, _ *http.Request, j *job) {
	if at := j.phase().status; at == "completed" || at == "failed" {
		problem(w, http.StatusConflict, "job_"+at, "The job is already "+at+".")
		return
	}
	j.cancelled = true
	reply(w, http.StatusAccepted, j.json())
}
