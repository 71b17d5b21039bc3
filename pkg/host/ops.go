package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveOps answers those who run the mesh: probes, and figures of the process
// itself. What the mesh does is for the metrics service to tell, else it would be
// counted twice.
func (h *Host) serveOps(ctx context.Context) error {
	if h.Config.Ops == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.Config.Ops)
	if err != nil {
		return fmt.Errorf("serve probes: %w", err)
	}
	server := &http.Server{
		Handler: h.opsRoutes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(h.Log.Handler(), slog.LevelDebug),
	}
	h.stack.Go("probes", func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { _ = server.Close() })
		defer stop()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

func (h *Host) opsRoutes() http.Handler {
	figures := prometheus.NewRegistry()
	figures.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(figures, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, http.StatusOK, "ok", nil)
	})
	mux.HandleFunc("GET /health/ready", func(w http.ResponseWriter, r *http.Request) {
		if answer := h.Health.Ask(r.Context()); answer.Ready {
			writeHealth(w, http.StatusOK, "ok", answer.Parts)
		} else {
			writeHealth(w, http.StatusServiceUnavailable, "unavailable", answer.Parts)
		}
	})
	return mux
}

func writeHealth(w http.ResponseWriter, status int, word string, parts map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { // whoever asked has gone
		Status string            `json:"status"`
		Checks map[string]string `json:"checks,omitempty"`
	}{word, parts})
}
