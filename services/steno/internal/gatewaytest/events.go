package gatewaytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// BreakStreams makes the next streams of events break off behind their first segment.
func (s *Server) BreakStreams(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaks = n
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
