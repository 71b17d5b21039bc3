package api

import (
	"net/http"

	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

type latencyView struct {
	Name   string  `json:"name"`
	Count  uint64  `json:"count"`
	Errors uint64  `json:"errors"`
	MeanMS float64 `json:"mean_ms"`
	P50MS  float64 `json:"p50_ms"`
	P95MS  float64 `json:"p95_ms"`
	P99MS  float64 `json:"p99_ms"`
	MaxMS  float64 `json:"max_ms"`
}

type performanceView struct {
	Window    seconds       `json:"window_seconds"`
	RPS       float64       `json:"rps"`
	ErrorRate float64       `json:"error_rate"` // share of requests that failed on our side
	CPUCores  float64       `json:"cpu_cores"`
	Resident  uint64        `json:"resident_bytes"`
	Routes    []latencyView `json:"routes"`
	Stages    []latencyView `json:"stages"`
	Queries   []latencyView `json:"queries"`
}

// performance answers with what the metrics service gathered in its window.
func (a *API) performance(w http.ResponseWriter, r *http.Request) error {
	reply, err := a.Metrics.GetPerformance(r.Context(), &metricsv1.GetPerformanceRequest{})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, performanceOf(reply))
}

func performanceOf(reply *metricsv1.GetPerformanceResponse) performanceView {
	view := performanceView{
		Window: seconds(reply.GetWindowMs()), CPUCores: reply.GetCpuCores(), Resident: reply.GetResidentBytes(),
		Routes: []latencyView{}, Stages: []latencyView{}, Queries: []latencyView{},
	}
	tables := map[metricsv1.Kind]*[]latencyView{
		metricsv1.Kind_KIND_ROUTE: &view.Routes,
		metricsv1.Kind_KIND_STAGE: &view.Stages,
		metricsv1.Kind_KIND_QUERY: &view.Queries,
	}
	for _, s := range reply.GetSummaries() {
		if table, known := tables[s.GetKind()]; known {
			*table = append(*table, latencyView{
				Name: s.GetName(), Count: s.GetCount(), Errors: s.GetErrors(), MeanMS: s.GetMeanMs(),
				P50MS: s.GetP50Ms(), P95MS: s.GetP95Ms(), P99MS: s.GetP99Ms(), MaxMS: s.GetMaxMs(),
			})
		}
	}
	var requests, errors uint64
	for _, route := range view.Routes {
		requests, errors = requests+route.Count, errors+route.Errors
	}
	view.RPS = ratio(float64(requests), float64(reply.GetWindowMs())/1000)
	view.ErrorRate = ratio(float64(errors), float64(requests))
	return view
}

type cacheView struct {
	Kind      string  `json:"kind"`
	Hits      uint64  `json:"hits"`
	Misses    uint64  `json:"misses"`
	Ratio     float64 `json:"ratio"` // hits over reads, 0 without reads
	Entries   uint64  `json:"entries"`
	Evictions uint64  `json:"evictions"`
	Bytes     uint64  `json:"bytes"`
}

// cacheStats answers with one row for each kind of entry.
func (a *API) cacheStats(w http.ResponseWriter, r *http.Request) error {
	reply, err := a.Cache.GetStats(r.Context(), &cachev1.GetStatsRequest{})
	if err != nil {
		return err
	}
	views := []cacheView{}
	for _, k := range reply.GetKinds() {
		views = append(views, cacheView{
			Kind: k.GetKind(), Hits: k.GetHits(), Misses: k.GetMisses(),
			Ratio:   ratio(float64(k.GetHits()), float64(k.GetHits()+k.GetMisses())),
			Entries: k.GetEntries(), Evictions: k.GetEvictions(), Bytes: k.GetBytes(),
		})
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Caches []cacheView `json:"caches"`
	}{views})
}

func ratio(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole
}
