package telemetry_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/telemetry"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
)

const route = metricsv1.Kind_KIND_ROUTE

func TestRecorder_publishesOverTheBus(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	received := make(chan *nats.Msg, 1)
	if _, err := b.NC.ChanSubscribe(telemetry.AllSubjects, received); err != nil {
		t.Fatal(err)
	}
	recorder := telemetry.NewRecorder("gateway-1", telemetry.Publisher(b.NC, "gateway"), testkit.Log(t))

	recorder.Observe(route, "GET /api/v1/health", 1500*time.Microsecond, true)
	recorder.Close()

	msg := <-received
	got := &metricsv1.Batch{}
	if err := proto.Unmarshal(msg.Data, got); err != nil {
		t.Fatal(err)
	}
	want := &metricsv1.Batch{Source: "gateway-1", Observations: []*metricsv1.Observation{
		{Kind: route, Name: "GET /api/v1/health", DurationUs: 1500, Error: true}}}
	if msg.Subject != "obs.v1.gateway" || !proto.Equal(got, want) {
		t.Errorf("got %v on %s, want %v", got, msg.Subject, want)
	}
}

func TestRecorder_publishesEachSecondAndOnceMoreAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var took publisher
		began, published := time.Now(), make(chan time.Duration, 2)
		recorder := telemetry.NewRecorder("x", func(batch *metricsv1.Batch) error {
			defer func() { published <- time.Since(began) }()
			return took.publish(batch)
		}, testkit.Log(t))
		recorder.Observe(route, "a", time.Second, false)
		recorder.Observe(route, "b", -time.Second, false) // a clock that was set back
		early := <-published
		recorder.Observe(route, "c", time.Second, false)

		recorder.Close()
		recorder.Close()

		if late := <-published; early != time.Second || late != early {
			t.Errorf("published after %v and at the end after %v; want a second, and no more", early, late)
		}
		if got := fmt.Sprint(took.sizes()); got != "[2 1]" {
			t.Errorf("batches of %s, want [2 1]", got)
		}
	})
}

func TestRecorder_neverWaitsAndCountsWhatItDrops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var took publisher
		hold := make(chan struct{})
		recorder := telemetry.NewRecorder("x", func(batch *metricsv1.Batch) error {
			<-hold // the bus hangs
			return took.publish(batch)
		}, testkit.Log(t))

		const many = 20_000
		for range many { // ends although nothing is published
			recorder.Observe(route, "a", time.Second, false)
		}
		dropped := recorder.Dropped()
		close(hold)
		recorder.Close()

		total := 0
		for _, size := range took.sizes() {
			total += size
		}
		if dropped == 0 || uint64(total)+dropped != many {
			t.Errorf("published %d, dropped %d of %d", total, dropped, many)
		}
		recorder.Observe(route, "late", time.Second, false) // no harm after Close
	})
}

func TestRecorder_countsWhatTheBusDoesNotTake(t *testing.T) {
	t.Parallel()
	recorder := telemetry.NewRecorder("x", func(*metricsv1.Batch) error { return errors.New("bus is away") }, testkit.Log(t))

	recorder.Observe(route, "a", time.Second, false)
	recorder.Close()

	if recorder.Dropped() != 1 {
		t.Errorf("dropped %d, want 1", recorder.Dropped())
	}
}

func BenchmarkObserve(b *testing.B) {
	var took publisher
	recorder := telemetry.NewRecorder("x", took.publish, testkit.Log(b))
	defer recorder.Close()
	for b.Loop() {
		recorder.Observe(route, "GET /api/v1/health", time.Millisecond, false)
	}
}

// publisher keeps the sizes of the batches it gets.
type publisher struct {
	mu  sync.Mutex
	got []int
}

func (p *publisher) publish(batch *metricsv1.Batch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, len(batch.GetObservations()))
	return nil
}

func (p *publisher) sizes() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]int{}, p.got...)
}
