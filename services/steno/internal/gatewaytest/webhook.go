package gatewaytest

import (
	"net/http"
	"time"
)

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
