// Package mesh is all services in one process, or any of them: the composition
// root.
//
//	             ┌─ gateway ─────────┐ HTTP
//	             │   │ gRPC, in process where both are in this one
//	             │   ├──────────► history   SQLite or PostgreSQL: jobs, transcripts, accounts
//	             │   ├──────────► cache     otter, over Redis
//	             │   └──────────► metrics   rolling windows
//	             ▼                  ▲ job feed, obs.v1.>
//	bus (embedded or NATS): JOBS, FILES, TASKS, DLQ, PROGRESS
//	    ▲ tasks ▲              ▲ tasks
//	dispatcher  preprocess     transcriber ── whisper-engine child processes
//	             │ ffmpeg        │
//	             └── blob store ─┘  (folder; also gateway, dispatcher, history)
//
// What a service needs and how it starts stands in its part.go; what a process
// gives it, in package host.
package mesh

import (
	"context"
	"io"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/dispatcher"
	"github.com/stenomesh/stenomesh/services/gateway"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/metrics"
	"github.com/stenomesh/stenomesh/services/preprocess"
	"github.com/stenomesh/stenomesh/services/transcriber"
)

// parts are all services, from the bottom up: whoever uses a part starts after it
// and ends before it. The gateway opens the door last, when all behind it is up.
func parts() []host.Part {
	return []host.Part{
		history.Part(),
		cache.Part(),
		metrics.Part(),
		transcriber.Part(),
		preprocess.Part(),
		dispatcher.Part(),
		gateway.Part(),
	}
}

// Run serves until ctx ends or a part fails. What a person should read goes to
// out, the log to logTo.
func Run(ctx context.Context, cfg Config, out, logTo io.Writer) error {
	return host.Run(ctx, cfg.Config, cfg.name, cfg.parts, out, logTo)
}
