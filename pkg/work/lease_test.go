package work_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// shortLease is many beats of the rig's workers long.
const shortLease = time.Second

func TestWorker_keepsItsLeaseThroughALongRun(t *testing.T) {
	t.Parallel()
	w := newRig(t, func(context.Context, *work.Run) error {
		time.Sleep(5 * shortLease / 2) // the work itself
		return nil
	})
	w.shorten(t)
	w.runFrom(t, w.source(), shortLease)
	w.runFrom(t, w.source(), shortLease) // it would take the task when the lease is over

	w.queue(t, "long")
	w.waitForEmptyQueue(t)

	if runs := w.handler.count(); runs != 1 {
		t.Errorf("ran %d times, want 1", runs)
	}
}

func TestWorker_leavesATaskAloneOnceItsLeaseIsLost(t *testing.T) {
	t.Parallel()
	began, results := make(chan int32, 10), [3]chan error{}
	for n := range results {
		results[n] = make(chan error)
	}
	var runs atomic.Int32
	w := newRig(t, func(context.Context, *work.Run) error {
		n := runs.Add(1)
		began <- n
		if int(n) > len(results) {
			return nil
		}
		return <-results[n-1]
	})
	w.shorten(t)
	mute := &muteSource{Source: w.source()}
	w.runFrom(t, mute, shortLease/2) // it is to be sure that the lease is over when it is
	w.queue(t, "contested")
	<-began
	w.runFrom(t, w.source(), shortLease)
	<-began // the lease of the first run is over, and a second one works

	results[0] <- work.Uncharged(errors.New("engine died"), false) // it would run again at once
	// The first worker settles, and takes what is given next. Had it given the
	// task back, that would come before this one.
	other := proto.CloneOf(w.task)
	other.Chunk = 1
	w.queueTask(t, other, "sentinel")
	<-began
	results[2] <- nil
	testkit.Eventually(t, "the first worker is idle", func() bool { return mute.asked.Load() >= 3 })
	results[1] <- nil
	w.waitForEmptyQueue(t)

	if got := strings.Join(mute.chunks, " "); got != "0 1" {
		t.Errorf("the first worker had the chunks %q, want \"0 1\"", got)
	}
	if n := runs.Load(); n != 3 {
		t.Errorf("%d runs, want two of one task and one of the other", n)
	}
}

// shorten gives the rig's queue a short lease.
func (r *rig) shorten(t *testing.T) {
	t.Helper()
	consumer, err := r.bus.JS.Consumer(t.Context(), bus.StreamTasks, bus.ConsumerASR("demo"))
	if err != nil {
		t.Fatal(err)
	}
	config := consumer.CachedInfo().Config
	config.AckWait = shortLease
	if _, err := r.bus.JS.UpdateConsumer(t.Context(), bus.StreamTasks, config); err != nil {
		t.Fatal(err)
	}
}

// muteSource gives messages whose lease cannot be renewed, and notes which.
type muteSource struct {
	work.Source
	chunks []string // read when the worker is idle
	asked  atomic.Int32
}

func (m *muteSource) Next(ctx context.Context) (jetstream.Msg, error) {
	m.asked.Add(1)
	msg, err := m.Source.Next(ctx)
	if err != nil {
		return nil, err
	}
	task := &jobv1.Task{}
	if err := proto.Unmarshal(msg.Data(), task); err != nil {
		return nil, err
	}
	m.chunks = append(m.chunks, fmt.Sprint(task.GetChunk()))
	return muteMsg{msg}, nil
}

type muteMsg struct{ jetstream.Msg }

func (muteMsg) InProgress() error { return errors.New("the bus is away") }
