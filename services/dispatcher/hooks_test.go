package dispatcher_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestDispatcher_queuesAHookForEachEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg = slowConfig() // a deleted job's record is cleared at once, and stays
	r.dispatcher(t)
	silent := r.accept(t, "u", 1, nil)
	completed, failed, cancelled, deleted := r.accept(t, "u", 1, called), r.accept(t, "u", 1, called), r.accept(t, "u", 1, called), r.accept(t, "u", 1, called)

	r.must(t, r.end(t, silent, jobv1.State_STATE_FAILED))
	r.must(t, r.end(t, deleted, jobv1.State_STATE_DELETED))
	r.must(t, r.end(t, completed, jobv1.State_STATE_COMPLETED))
	r.must(t, r.end(t, failed, jobv1.State_STATE_FAILED))
	r.must(t, r.end(t, cancelled, jobv1.State_STATE_CANCELLED))

	want := []string{completed + ".1.completed", failed + ".1.failed", cancelled + ".1.cancelled"}
	testkit.Eventually(t, "the hooks are queued", func() bool { return len(r.hooks(t)) >= len(want) })
	slices.Sort(want)
	if got := r.hooks(t); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Whoever queues hooks is away when a job ends; and one that was taken by somebody is
// not queued again, however often dispatchers come and go.
func TestDispatcher_queuesTheHookOfAnEndThatItMissed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.accept(t, "u", 1, called)
	r.must(t, r.end(t, id, jobv1.State_STATE_FAILED))

	stop := r.dispatcher(t)
	testkit.Eventually(t, "the hook is queued", func() bool { return len(r.hooks(t)) == 1 })
	r.takeHook(t)
	stop()
	next := r.accept(t, "u", 1, called)
	r.must(t, r.end(t, next, jobv1.State_STATE_CANCELLED))
	r.dispatcher(t)

	testkit.Eventually(t, "the next hook is queued", func() bool { return len(r.hooks(t)) > 0 })
	if got := r.hooks(t); !slices.Equal(got, []string{next + ".1.cancelled"}) {
		t.Errorf("got %v", got)
	}
}

func TestDispatcher_removesTheHooksOfADeletedJob(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg = slowConfig()
	r.dispatcher(t)
	id, other := r.accept(t, "u", 1, called), r.accept(t, "u", 1, called)
	r.must(t, r.end(t, id, jobv1.State_STATE_FAILED))
	r.must(t, r.end(t, other, jobv1.State_STATE_FAILED))
	testkit.Eventually(t, "the hooks are queued", func() bool { return len(r.hooks(t)) == 2 })

	r.must(t, r.end(t, id, jobv1.State_STATE_DELETED))

	testkit.Eventually(t, "a hook is gone", func() bool { return len(r.hooks(t)) < 2 })
	if got := r.hooks(t); !slices.Equal(got, []string{other + ".1.failed"}) {
		t.Errorf("got %v", got)
	}
}

func TestDispatcher_keepsARecordUntilItsHookIsQueued(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Grace = 0
	r.must(t, r.JS.DeleteStream(t.Context(), bus.StreamHooks))
	id, silent := r.accept(t, "u", 1, called), r.accept(t, "u", 1, nil)
	r.must(t, r.end(t, id, jobv1.State_STATE_FAILED))
	r.dispatcher(t)
	testkit.Eventually(t, "the notifier has the change", func() bool {
		consumer, err := r.JS.Consumer(t.Context(), bus.StreamJobs, bus.ConsumerNotify)
		return err == nil && consumer.CachedInfo().Delivered.Consumer > 0
	})
	r.must(t, r.end(t, silent, jobv1.State_STATE_FAILED))
	r.awaitPurged(t, silent) // the same look would have taken the other

	if got := r.get(t, id).GetState(); got != jobv1.State_STATE_FAILED {
		t.Errorf("the record is %v", got)
	}
	r.must(t, bus.Provision(t.Context(), r.JS, bus.EmbeddedLayout([]string{"demo"})))

	testkit.Eventually(t, "the hook is queued", func() bool { return slices.Equal(r.hooks(t), []string{id + ".1.failed"}) })
	r.awaitPurged(t, id)
}

// called is a job whose owner wants to be told of its end.
func called(record *jobv1.Job) { record.Options.CallbackUrl = "https://example.org/ended" }

// hooks lists the queued hooks as <job>.<attempt>.<event>, sorted.
func (r *rig) hooks(t *testing.T) []string {
	t.Helper()
	stream, err := r.JS.Stream(t.Context(), bus.StreamHooks)
	r.must(t, err)
	info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter(job.AllHooks))
	r.must(t, err)
	var hooks []string
	for subject := range info.State.Subjects {
		hooks = append(hooks, strings.SplitN(subject, ".", 4)[3])
	}
	slices.Sort(hooks)
	return hooks
}

// takeHook settles one hook, as a gateway does whose receiver has been told.
func (r *rig) takeHook(t *testing.T) {
	t.Helper()
	consumer, err := r.JS.Consumer(t.Context(), bus.StreamHooks, bus.ConsumerHooks)
	r.must(t, err)
	msg, err := consumer.Next(jetstream.FetchMaxWait(5 * time.Second))
	r.must(t, err)
	r.must(t, msg.DoubleAck(t.Context()))
}
