package metrics

import (
	"context"
	"time"

	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/metrics/internal/process"
	"github.com/stenomesh/stenomesh/services/metrics/internal/window"
)

// server is MetricsService.
type server struct {
	metricsv1.UnimplementedMetricsServiceServer
	window *window.Window
	length time.Duration
	began  time.Time // nothing was observed before
	meter  *process.Meter
}

// GetPerformance sums up the window, or the time since the start while that is
// shorter.
func (s *server) GetPerformance(context.Context, *metricsv1.GetPerformanceRequest) (*metricsv1.GetPerformanceResponse, error) {
	now := time.Now()
	reply := &metricsv1.GetPerformanceResponse{WindowMs: min(s.length, now.Sub(s.began)).Milliseconds()}
	for _, row := range s.window.Rows(now) {
		reply.Summaries = append(reply.Summaries, summaryOf(&row))
	}
	if usage, err := process.Read(); err == nil { // else both stay 0; Run has said so
		reply.CpuCores = s.meter.Cores(now, usage.CPU)
		reply.ResidentBytes = usage.ResidentBytes
	}
	return reply, nil
}

func summaryOf(row *window.Row) *metricsv1.Summary {
	return &metricsv1.Summary{
		Kind:   metricsv1.Kind(row.Kind),
		Name:   row.Name,
		Count:  row.Count,
		Errors: row.Errors,
		MeanMs: row.MeanUS() / 1000,
		P50Ms:  row.QuantileUS(0.50) / 1000,
		P95Ms:  row.QuantileUS(0.95) / 1000,
		P99Ms:  row.QuantileUS(0.99) / 1000,
		MaxMs:  float64(row.MaxUS) / 1000,
	}
}
