// Package host is what a process of the mesh stands on. A process runs one or
// more parts (services); the host gives them what they need: the bus, records,
// blobs, connections to the other services, and one place for health.
//
//	one process                            many
//	bus inside, streams made here          NATS elsewhere, streams made by `stenomesh provision`
//	calls in process (rpc.InProcess)       gRPC (rpc.Dial, rpc.Listen)
//
// A part cannot tell which of the two it is in.
package host

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/health"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/lifecycle"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/telemetry"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
)

// Part is a service as a process runs it.
type Part struct {
	Name  string
	Needs Needs
	// Flags declares its settings; called once, before Start.
	Flags func(flags *Flags)
	// Start wires the service and begins to run it. What it starts it hands to the
	// host (Go, OnStop), which ends it.
	Start func(ctx context.Context, h *Host) error
}

// Needs are what a part uses of its process. What a part does not name it must
// not touch: it may have no right to it.
type Needs uint

// What a part may need.
const (
	Bus     Needs = 1 << iota // a connection
	Jobs                      // job records
	Files                     // file records
	Control                   // word of cancellations
	Blobs                     // recordings, chunks, transcripts
)

// Host is a process. Fields that no part of it needs are nil.
type Host struct {
	Config  Config
	Name    string // of the process: that of its only part, or "mesh"
	Log     *slog.Logger
	Out     io.Writer // what a person should read
	Health  *health.Health
	Catalog *catalog.Catalog
	Bus     *bus.Bus
	Jobs    *job.Store
	Files   *job.Files
	Control *job.Control
	Blobs   *blob.Disk

	stack    *lifecycle.Stack
	parts    map[string]bool // names of the parts of this process
	inside   *rpc.InProcess
	server   *rpc.Server // nil when nobody may call
	recorder *telemetry.Recorder
}

// Go runs a service until its context ends; when it ends earlier the process stops.
func (h *Host) Go(name string, run func(ctx context.Context) error) { h.stack.Go(name, run) }

// OnStop adds what is to be done when the process stops, before what was there
// before.
func (h *Host) OnStop(name string, stop func()) { h.stack.OnStop(name, stop) }

// Check adds to what readiness asks.
func (h *Host) Check(name string, run func(ctx context.Context) error) { h.Health.Add(name, run) }

// Path is where something lies below the data folder.
func (h *Host) Path(name string) string { return filepath.Join(h.Config.Data, name) }

// Server takes the services that others call, from inside and over the network.
func (h *Host) Server() grpc.ServiceRegistrar { return registrar{h} }

type registrar struct{ *Host }

// RegisterService adds a service wherever this process is called.
func (r registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	r.inside.RegisterService(desc, impl)
	if r.server != nil {
		r.server.RegisterService(desc, impl)
	}
}

// Conn returns the connection to a service: in process if it is a part of this
// one, which it then answers as soon as that part has started.
func (h *Host) Conn(service string) (grpc.ClientConnInterface, error) {
	if h.parts[service] {
		return h.inside, nil
	}
	target := h.Config.Services[service]
	if target == "" {
		return nil, fmt.Errorf("%s runs elsewhere: -%s.addr must say where", service, service)
	}
	client, err := rpc.Dial(service, target, h.Config.RPC)
	if err != nil {
		return nil, err
	}
	h.stack.OnStop("connection to "+service, func() { _ = client.Close() }) // it is not used any more
	return client, nil
}

// ObserveStage notes how long a step of a job took. Without a bus nobody is told.
func (h *Host) ObserveStage(name string, took time.Duration, failed bool) {
	h.observe(metricsv1.Kind_KIND_STAGE, name, took, failed)
}

// ObserveRoute notes how long a request took.
func (h *Host) ObserveRoute(route string, took time.Duration, failed bool) {
	h.observe(metricsv1.Kind_KIND_ROUTE, route, took, failed)
}

// ObserveQuery notes how long a query of the database took.
func (h *Host) ObserveQuery(query string, took time.Duration) {
	h.observe(metricsv1.Kind_KIND_QUERY, query, took, false)
}

func (h *Host) observe(kind metricsv1.Kind, name string, took time.Duration, failed bool) {
	if h.recorder != nil {
		h.recorder.Observe(kind, name, took, failed)
	}
}

// Instance tells this process from all others, for example "transcriber-b1c2-17".
func (h *Host) Instance() string {
	machine, err := os.Hostname()
	if err != nil {
		machine = "unknown"
	}
	return fmt.Sprintf("%s-%s-%d", h.Name, machine, os.Getpid())
}
