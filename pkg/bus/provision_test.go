package bus_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

var layout = bus.EmbeddedLayout([]string{"demo"})

func TestProvision_makesWhatVerifyWants(t *testing.T) {
	t.Parallel()
	js := emptyBus(t).JS

	missing := bus.Verify(t.Context(), js, layout)
	wants(t, missing, "stream KV_JOBS is missing", "stream PROGRESS is missing", "consumer pre of TASKS is missing",
		"consumer "+bus.ConsumerASR("demo")+" of TASKS is missing")
	for range 2 {
		if err := bus.Provision(t.Context(), js, layout); err != nil {
			t.Fatal(err)
		}
		if err := bus.Verify(t.Context(), js, layout); err != nil {
			t.Error(err)
		}
	}
}

func TestProvision_changesWhatMayChange(t *testing.T) {
	t.Parallel()
	js := testkit.Bus(t, "demo").JS
	tasks := configOf(t, js, bus.StreamTasks)
	tasks.MaxMsgs, tasks.MaxAge, tasks.AllowDirect = 10, time.Hour, true
	must(t, js.UpdateStream, tasks)
	consumer, err := js.Consumer(t.Context(), bus.StreamTasks, bus.ConsumerPre)
	if err != nil {
		t.Fatal(err)
	}
	pre := consumer.CachedInfo().Config
	pre.AckWait, pre.MaxDeliver = time.Minute, 5
	if _, err := js.UpdateConsumer(t.Context(), bus.StreamTasks, pre); err != nil {
		t.Fatal(err)
	}

	wants(t, bus.Verify(t.Context(), js, layout),
		"stream TASKS: max_msgs is 10 instead of 20000", "stream TASKS: max_age is 1h0m0s instead of unset",
		"stream TASKS: allow_direct is true instead of unset",
		"consumer pre of TASKS: ack_wait is 1m0s instead of 20s", "consumer pre of TASKS: max_deliver is 5 instead of unset")
	if err := bus.Provision(t.Context(), js, layout); err != nil {
		t.Fatal(err)
	}
	if err := bus.Verify(t.Context(), js, layout); err != nil {
		t.Error(err)
	}
}

func TestProvision_namesWhatCannotChangeAndTouchesNothing(t *testing.T) {
	t.Parallel()
	js := emptyBus(t).JS
	must(t, js.CreateStream, jetstream.StreamConfig{
		Name: bus.StreamTasks, Subjects: []string{"tasks.v1.>"}, Storage: jetstream.MemoryStorage, DenyPurge: true, MaxMsgs: 10,
	})
	if _, err := js.CreateConsumer(t.Context(), bus.StreamTasks, jetstream.ConsumerConfig{
		Durable: bus.ConsumerPre, AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverNewPolicy, MaxWaiting: 7,
	}); err != nil {
		t.Fatal(err)
	}

	err := bus.Provision(t.Context(), js, layout)

	wants(t, err, "stream TASKS: storage is memory instead of file, which cannot be changed",
		"stream TASKS: retention is limits instead of workqueue, which", "stream TASKS: deny_purge is true instead of unset, which",
		"consumer pre of TASKS: ack_policy is none instead of explicit, which", "consumer pre of TASKS: deliver_policy is new instead of all, which",
		"consumer pre of TASKS: max_waiting is 7 instead of 512, which")
	if strings.Contains(err.Error(), "max_msgs") {
		t.Errorf("it names what can be changed: %v", err)
	}
	if _, err := js.Stream(t.Context(), bus.StreamJobs); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("another stream was made: %v", err)
	}
	if got := configOf(t, js, bus.StreamTasks).MaxMsgs; got != 10 {
		t.Errorf("the stream was changed: %d messages", got)
	}
}

// What the error calls fixed must be what the server refuses, else it sends people to
// remove what they need not.
func TestProvision_doesNotCallFixedWhatTheServerChanges(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*jetstream.StreamConfig){
		"storage":       func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"retention":     func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy },
		"deny_delete":   func(c *jetstream.StreamConfig) { c.DenyDelete = false },
		"allow_msg_ttl": func(c *jetstream.StreamConfig) { c.AllowMsgTTL, c.SubjectDeleteMarkerTTL = false, 0 },
	}
	js := testkit.Bus(t, "demo").JS
	for setting, change := range changes {
		config := configOf(t, js, bus.StreamJobs)
		change(&config)

		if _, err := js.UpdateStream(t.Context(), config); err == nil {
			t.Errorf("the server changes %s", setting)
		}
	}
}

// emptyBus is a connection to a server without streams.
func emptyBus(t *testing.T) *bus.Bus {
	t.Helper()
	server := start(t, t.TempDir())
	t.Cleanup(server.Stop)
	b, err := server.Connect("test", testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}
