// Package api is the native HTTP API: one handler a route, grouped in files by
// what they speak of. Handlers read the request, ask the packages beside this one,
// and shape the answer (views in view.go); they decide nothing about jobs.
package api

import (
	"log/slog"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/health"
	"github.com/stenomesh/stenomesh/pkg/job"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/accounts"
	"github.com/stenomesh/stenomesh/services/gateway/internal/audit"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
	"github.com/stenomesh/stenomesh/services/gateway/internal/outbound"
	"github.com/stenomesh/stenomesh/services/gateway/internal/quota"
	"github.com/stenomesh/stenomesh/services/gateway/internal/rate"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
	"github.com/stenomesh/stenomesh/services/gateway/internal/segments"
	"github.com/stenomesh/stenomesh/services/gateway/internal/sse"
	"github.com/stenomesh/stenomesh/services/gateway/internal/transcripts"
	"github.com/stenomesh/stenomesh/services/gateway/internal/upload"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
	"github.com/stenomesh/stenomesh/services/gateway/internal/webhook"
)

// API is what the handlers work with.
type API struct {
	Log         *slog.Logger
	Gate        *auth.Gate
	Login       *auth.Login
	Accounts    *accounts.Accounts
	Audit       *audit.Log
	Quota       *quota.Meter
	Rate        *rate.Limiter
	Jobs        *jobs.Jobs
	Files       *job.Files
	Blobs       blob.Store
	Uploads     *upload.Receiver
	Resumable   *upload.Resumable
	Transcripts *transcripts.Reader
	Editor      *transcripts.Editor
	Segments    *segments.Source
	Streams     *sse.Limit // of events
	Models      request.Models
	// Loaded lists the catalogue names of the models in memory.
	Loaded  func() []string
	Health  *health.Health
	Proxies web.Proxies
	Metrics metricsv1.MetricsServiceClient
	Cache   cachev1.CacheServiceClient
	// Outbound checks the addresses that users name.
	Outbound *outbound.Guard
	Hooks    *webhook.Desk
}

// Routes takes a handler for a pattern; a web.Router is one.
type Routes interface {
	Handle(pattern string, h web.Handler)
}

// Register adds all routes. What is not listed here does not exist.
func (a *API) Register(router Routes) {
	open := func(pattern string, h web.Handler) { router.Handle(pattern, a.Rate.Open(h)) }
	user := func(pattern string, h web.Handler) { router.Handle(pattern, a.Gate.Require(h)) }
	admin := func(pattern string, h web.Handler) { router.Handle(pattern, a.Gate.RequireAdmin(h)) }

	open("POST /api/v1/auth/token", a.createToken)
	user("POST /api/v1/auth/keys", a.createKey)
	user("GET /api/v1/auth/keys", a.listKeys)
	user("GET /api/v1/auth/keys/{key_id}", a.getKey)
	user("DELETE /api/v1/auth/keys/{key_id}", a.deleteKey)
	user("GET /api/v1/user/me", a.me)
	user("GET /api/v1/user/history", a.history)
	user("GET /api/v1/user/stats", a.userStats)
	user("GET /api/v1/stats", a.stats)

	admin("POST /api/v1/users", a.createUser)
	admin("GET /api/v1/users", a.listUsers)
	admin("GET /api/v1/users/{user_id}", a.getUser)
	admin("PATCH /api/v1/users/{user_id}", a.patchUser)
	admin("DELETE /api/v1/users/{user_id}", a.deleteUser)

	user("POST /api/v1/files", a.uploadFile)
	user("PUT /api/v1/files/{file_id}", a.putFile)
	user("GET /api/v1/files/{file_id}", a.getFile)
	user("GET /api/v1/files/{file_id}/audio", a.getAudio)
	user("DELETE /api/v1/files/{file_id}", a.deleteFile)
	a.registerUploads(router)

	user("POST /api/v1/transcription/create", a.createTask)
	user("GET /api/v1/transcription/{task_id}", a.getTask)
	user("DELETE /api/v1/transcription/{task_id}", a.deleteTask)
	user("GET /api/v1/transcription/{task_id}/status", a.taskStatus)
	user("GET /api/v1/transcription/{task_id}/events", a.events)
	user("POST /api/v1/transcription/{task_id}/cancel", a.cancelTask)
	user("POST /api/v1/transcription/{task_id}/retry", a.retryTask)
	user("GET /api/v1/transcription/{task_id}/download", a.download)

	user("PATCH /api/v1/transcription/{task_id}/transcript", a.editTranscript)

	user("GET /api/v1/user/webhook-secret", a.webhookSecret)
	user("POST /api/v1/user/webhook-secret", a.rotateWebhookSecret)
	user("GET /api/v1/transcription/{task_id}/deliveries", a.deliveries)
	user("POST /api/v1/transcription/{task_id}/deliveries/{delivery_id}/resend", a.resendDelivery)

	user("GET /api/v1/models", a.models)

	open("GET /api/v1/health", a.live)
	open("GET /api/v1/health/ready", a.ready)
	open("GET /health/ready", a.ready)
	open("GET /health/performance", a.performance)
	open("GET /health/cache", a.cacheStats)
}
