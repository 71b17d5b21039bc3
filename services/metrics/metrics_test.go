package metrics_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/telemetry"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/metrics"
)

// mesh is a metrics service with the parts around it.
type mesh struct {
	bus    *bus.Bus
	jobs   *job.Store
	client metricsv1.MetricsServiceClient
}

// newMesh starts the service; before runs just before that.
func newMesh(t *testing.T, before func(*mesh)) *mesh {
	t.Helper()
	m := &mesh{bus: testkit.Bus(t)}
	var err error
	if m.jobs, err = job.Open(t.Context(), m.bus.JS); err != nil {
		t.Fatal(err)
	}
	if before != nil {
		before(m)
	}
	service, err := metrics.New(metrics.DefaultConfig(), metrics.Deps{NC: m.bus.NC, Jobs: m.jobs, Log: testkit.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	conn := rpc.NewInProcess(testkit.Log(t))
	service.Register(conn)
	m.client = metricsv1.NewMetricsServiceClient(conn)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return m
}

func (m *mesh) summary(t *testing.T, kind metricsv1.Kind, name string) *metricsv1.Summary {
	t.Helper()
	reply, err := m.client.GetPerformance(t.Context(), &metricsv1.GetPerformanceRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range reply.GetSummaries() {
		if s.GetKind() == kind && s.GetName() == name {
			return s
		}
	}
	return nil
}

// finish makes a job, which is prepared for that long, and moves it to its end.
func (m *mesh) finish(t *testing.T, end jobv1.State, prepared time.Duration) (id string) {
	t.Helper()
	id, err := job.NewID()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-time.Minute)
	record := &jobv1.Job{Id: id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_QUEUED, CreatedAt: timestamppb.New(began)}
	if _, err := m.jobs.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	m.move(t, id, jobv1.State_STATE_PREPROCESSING, began.Add(2*time.Second))
	m.move(t, id, end, began.Add(2*time.Second+prepared))
	return id
}

func (m *mesh) move(t *testing.T, id string, to jobv1.State, at time.Time) {
	t.Helper()
	_, _, err := m.jobs.Update(t.Context(), id, func(record *jobv1.Job) error {
		job.Advance(record, to, at)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestService_sumsUpWhatProcessesObserve(t *testing.T) {
	t.Parallel()
	m := newMesh(t, nil)
	const route = metricsv1.Kind_KIND_ROUTE
	first := telemetry.NewRecorder("gateway-1", telemetry.Publisher(m.bus.NC, "gateway"), testkit.Log(t))
	second := telemetry.NewRecorder("gateway-2", telemetry.Publisher(m.bus.NC, "gateway"), testkit.Log(t))
	testkit.Eventually(t, "the service listens", func() bool { // a batch before that is lost
		first.Observe(metricsv1.Kind_KIND_QUERY, "probe", time.Millisecond, false)
		return m.summary(t, metricsv1.Kind_KIND_QUERY, "probe") != nil
	})
	if err := m.bus.NC.Publish(telemetry.Subject("stranger"), []byte("no batch")); err != nil {
		t.Fatal(err)
	}

	for n := 1; n <= 100; n++ {
		first.Observe(route, "GET /a", time.Duration(n)*time.Millisecond, n == 7)
		second.Observe(route, "GET /a", time.Duration(100+n)*time.Millisecond, false)
		second.Observe(metricsv1.Kind(99), "GET /a", time.Second, false) // of a newer version
	}
	first.Close()
	second.Close()

	testkit.Eventually(t, "all are counted", func() bool { return m.summary(t, route, "GET /a").GetCount() == 200 })
	got := m.summary(t, route, "GET /a")
	if got.GetErrors() != 1 || got.GetMeanMs() != 100.5 || got.GetMaxMs() != 200 {
		t.Errorf("got %v", got)
	}
	for _, q := range []struct{ got, want float64 }{{got.GetP50Ms(), 100}, {got.GetP95Ms(), 190}, {got.GetP99Ms(), 198}} {
		if q.got < q.want*31/32 || q.got > q.want*33/32 {
			t.Errorf("got %g, want %g within 1/32", q.got, q.want)
		}
	}
}

func TestService_countsTheStagesOfJobsThatEndWhileItRuns(t *testing.T) {
	t.Parallel()
	m := newMesh(t, func(m *mesh) { m.finish(t, jobv1.State_STATE_COMPLETED, 50*time.Second) })
	const stage, prepared = metricsv1.Kind_KIND_STAGE, 10 * time.Second
	finished := 0
	testkit.Eventually(t, "the service follows the feed", func() bool { // a job that ends before that is not counted
		m.finish(t, jobv1.State_STATE_COMPLETED, prepared)
		finished++
		return m.summary(t, stage, "preprocessing") != nil
	})
	failed := m.finish(t, jobv1.State_STATE_FAILED, prepared)
	// The feed keeps the newest event of a job: an end that is deleted at once may not show.
	testkit.Eventually(t, "the failure is counted", func() bool { return m.summary(t, stage, "preprocessing").GetErrors() == 1 })
	m.move(t, failed, jobv1.State_STATE_DELETED, time.Now()) // is not counted again
	m.finish(t, jobv1.State_STATE_CANCELLED, prepared)

	last := m.finish(t, jobv1.State_STATE_FAILED, prepared) // the feed is in order: all before it is counted too
	testkit.Eventually(t, last, func() bool { return m.summary(t, stage, "preprocessing").GetErrors() == 2 })

	got, queued := m.summary(t, stage, "preprocessing"), m.summary(t, stage, "queued")
	if n := got.GetCount(); n < 4 || n > uint64(finished)+3 {
		t.Errorf("%d jobs counted, want 4 to %d", n, finished+3)
	}
	if got.GetMaxMs() != 10_000 || got.GetMeanMs() != 10_000 || queued.GetMaxMs() != 2_000 || queued.GetErrors() != 0 {
		t.Errorf("got %v and %v", got, queued)
	}
}

func TestService_measuresItsProcess(t *testing.T) {
	t.Parallel()
	m := newMesh(t, nil)
	testkit.Eventually(t, "processor time shows", func() bool {
		reply, err := m.client.GetPerformance(t.Context(), &metricsv1.GetPerformanceRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return reply.GetCpuCores() > 0 && reply.GetResidentBytes() > 1<<20 && reply.GetWindowMs() > 0
	})
}

func TestNew_refusesAWindowThatIsTooShort(t *testing.T) {
	t.Parallel()
	if _, err := metrics.New(metrics.Config{}, metrics.Deps{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want invalid", err)
	}
}
