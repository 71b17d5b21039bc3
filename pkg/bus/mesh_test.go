package bus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/bus/bustest"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// mesh is the services as far as the bus knows them: a connection each.
type mesh struct {
	t        *testing.T
	ctx      context.Context
	id       string
	buses    map[string]*bus.Bus
	controls map[string]*job.Control
	seen     map[string]chan struct{} // closed when a follower knows the job
}

func startMesh(t *testing.T, extra string) *mesh {
	t.Helper()
	s := bustest.Start(t, extra)
	s.Provision("demo")
	m := &mesh{t: t, ctx: t.Context(), id: "0198c0de-0000-7000-8000-000000000001", buses: map[string]*bus.Bus{},
		controls: map[string]*job.Control{}, seen: map[string]chan struct{}{}}
	for _, service := range bus.Users() {
		m.buses[service] = s.Open(service, testkit.Log(t))
	}
	return m
}

func (m *mesh) of(service string) *bus.Bus { return m.buses[service] }

func (m *mesh) records(service string) *job.Store {
	m.t.Helper()
	jobs, err := job.Open(m.ctx, m.of(service).JS)
	m.must(err)
	return jobs
}

func (m *mesh) files(service string) *job.Files {
	m.t.Helper()
	files, err := job.OpenFiles(m.ctx, m.of(service).JS)
	m.must(err)
	return files
}

// watch follows the jobs as a service does, until the test ends.
func (m *mesh) watch(service string, jobs *job.Store) {
	seen, done := make(chan struct{}), make(chan struct{})
	m.seen[service] = seen
	ctx, stop := context.WithCancel(context.WithoutCancel(m.ctx))
	known := false
	go func() {
		defer close(done)
		_ = jobs.Follow(ctx, func(event job.Event) { // that of ctx
			if event.ID == m.id && !known {
				known = true
				close(seen)
			}
		})
	}()
	m.t.Cleanup(func() { stop(); <-done })
}

// work runs a worker of a service until the test ends.
func (m *mesh) work(service, durable string, handler work.Handler) {
	b := m.of(service)
	control, err := job.NewControl(b.NC)
	m.must(err)
	m.controls[service] = control
	w := &work.Worker{
		Name: service, Source: work.NewDurable(b.JS, bus.StreamTasks, durable, 5*time.Second), Handler: handler,
		Jobs: m.records(service), Control: control, Conn: b.NC, JS: b.JS, Log: testkit.Log(m.t),
		Beat: 20 * time.Millisecond, Lease: bus.Lease, RetryDelay: time.Millisecond,
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(m.ctx))
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	m.t.Cleanup(func() { stop(); <-done })
}

// offer queues a task as the dispatcher does.
func (m *mesh) offer(task *jobv1.Task) {
	m.t.Helper()
	data, err := proto.Marshal(task)
	m.must(err)
	_, err = m.of("dispatcher").JS.Publish(m.ctx, job.TaskSubject(task, "demo", jobv1.Priority_PRIORITY_NORMAL), data)
	m.must(err)
}

// take pulls n messages from a durable and settles them in every way there is.
func (m *mesh) take(service, stream, durable string, n int) {
	m.t.Helper()
	consumer, err := m.of(service).JS.Consumer(m.ctx, stream, durable)
	m.must(err)
	first, err := consumer.Next()
	m.must(err)
	m.must(errors.Join(first.InProgress(), first.Nak()))
	for range n {
		msg, err := consumer.Next()
		m.must(err)
		m.must(msg.DoubleAck(m.ctx))
	}
}

func (m *mesh) reaches(state jobv1.State) {
	m.t.Helper()
	jobs := m.records("gateway")
	testkit.Eventually(m.t, "the job is "+state.String(), func() bool {
		record, _, err := jobs.Get(m.ctx, m.id)
		m.must(err)
		return record.GetState() == state
	})
}

func (m *mesh) deadLetters() uint64 {
	m.t.Helper()
	stream, err := m.of("provisioner").JS.Stream(m.ctx, bus.StreamDead)
	m.must(err)
	return stream.CachedInfo().State.Msgs
}

// nothingWasDenied asks the server what it thought of all that was sent.
func (m *mesh) nothingWasDenied() {
	m.t.Helper()
	for service, b := range m.buses {
		if err := errors.Join(b.NC.Flush(), b.NC.LastError()); err != nil {
			m.t.Errorf("%s: %v", service, err)
		}
	}
}

func (m *mesh) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}
