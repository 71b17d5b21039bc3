//go:build chaos

package chaos_test

import (
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// The bus is restarted while two slots are at work, and while all are idle. No task
// is hidden in a connection that is gone: what is delivered and not acknowledged is
// at most what the slots hold. Idle workers take the next task by themselves.
func TestF10_busRestartsUnderBusyAndIdleWorkers(t *testing.T) {
	t.Parallel()
	server := chaos.StartServer(t)
	site := chaos.StartSite(t, append(tidies, "-bus.url", server.URL())...)
	batch := chaos.NewBatch(t, site)
	watcher := server.Connect()

	site.Engine.Script(`{"rules": [{"do": "slow", "ms": 2000, "times": 100}]}`)
	hold(t, watcher, bus.ConsumerASR("demo"))
	ids := batch.Create(6)
	testkit.Eventually(t, "all are prepared", func() bool { return batch.In("transcribing", ids) == len(ids) })
	letGo(t, watcher, bus.ConsumerASR("demo"))
	testkit.Eventually(t, "both slots are busy", func() bool { return site.Engine.Fired(0) == 2 })
	batch.Fault("restart bus, workers busy", atWork)
	server.Stop()
	server.Start()
	testkit.Eventually(t, "all jobs are completed", func() bool {
		if asr := chaos.Consumer(t, watcher, bus.StreamTasks, bus.ConsumerASR("demo")); asr != nil && asr.NumAckPending > 2+2 {
			// The two of before the restart may still be on the server's list.
			t.Fatalf("%d tasks are delivered to two slots", asr.NumAckPending)
		}
		return batch.In("completed", ids) == len(ids)
	})

	testkit.Eventually(t, "nothing is pending", func() bool {
		asr := chaos.Consumer(t, watcher, bus.StreamTasks, bus.ConsumerASR("demo"))
		return asr != nil && asr.NumAckPending == 0 && asr.NumPending == 0
	})
	batch.Fault("restart bus, workers idle", 0)
	server.Stop()
	server.Start()
	batch.Create(2)

	batch.Finish()
}

// What a bad network does to the connection of preprocess and transcriber, and to
// that of everybody. A publish whose acknowledgement is lost is tried again and has
// no second effect.
func TestF11_badNetwork(t *testing.T) {
	t.Parallel()
	for name, disturb := range map[string]func(t *testing.T, p *chaos.Proxy) (cuts int){
		"acknowledgements are lost": func(_ *testing.T, p *chaos.Proxy) int {
			for range 3 {
				p.Hold(chaos.Down)
				pause(300 * time.Millisecond)
				p.Cut()
				p.Release(chaos.Down)
				pause(700 * time.Millisecond)
			}
			return 3
		},
		"reset in the middle of a publish": func(t *testing.T, p *chaos.Proxy) int {
			for _, bytes := range []int{700, 1500, 3100} {
				p.CutAfter(chaos.Up, bytes)
				testkit.Eventually(t, "it is cut", func() bool { return !p.WillCut(chaos.Up) })
			}
			return 3
		},
		"500 ms there and back": func(_ *testing.T, p *chaos.Proxy) int {
			p.Slow(250*time.Millisecond, 0)
			return 0
		},
		"64 kB a second": func(_ *testing.T, p *chaos.Proxy) int {
			p.Slow(0, 64<<10)
			return 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := chaos.StartServer(t)
			proxy := chaos.StartProxy(t, server.Addr())
			site := chaos.StartSite(t, append(tidies, "-bus.url", "nats://"+proxy.Addr())...)
			batch := chaos.NewBatch(t, site)
			site.Engine.Script(`{"rules": [{"do": "slow", "ms": 300}]}`)

			batch.Create(4)
			batch.Fault(name, atWork*disturb(t, proxy))

			batch.Finish()
		})
	}
}

// A transcriber hears the bus and is not heard, for longer than its lease. Another
// does its work; when the network heals, all that the first one said comes late. It
// changes nothing and causes no third run.
func TestF12_oneWayPartitionLongerThanTheLease(t *testing.T) {
	t.Parallel()
	server := chaos.StartServer(t)
	proxy := chaos.StartProxy(t, server.Addr())
	site := chaos.StartSite(t, append(tidies, "-bus.url", server.URL(),
		"-target", "history,cache,metrics,preprocess,dispatcher,gateway")...)
	common := []string{"-blobs", site.Data + "/blobs", "-transcriber.slots", "1"}
	cutOff, _ := chaos.StartReplica(t, "transcriber", append(common, "-bus.url", "nats://"+proxy.Addr())...)
	batch := chaos.NewBatch(t, site)
	cutOff.Script(`{"rules": [{"do": "slow", "ms": 1500, "times": 100}]}`)

	ids := batch.Create(1)
	testkit.Eventually(t, "it is at work", func() bool { return cutOff.Fired(0) == 1 })
	batch.Fault("one-way partition of a transcriber", 1)
	proxy.Hold(chaos.Up)
	other, _ := chaos.StartReplica(t, "transcriber", append(common, "-bus.url", server.URL())...)
	other.Script(`{"rules": [{"do": "slow", "ms": 1, "times": 100}]}`)
	testkit.Eventually(t, "another has done the work", func() bool { return batch.In("completed", ids) == 1 })
	proxy.Release(chaos.Up)
	ids = append(ids, batch.Create(4)...)
	testkit.Eventually(t, "all jobs are completed", func() bool { return batch.In("completed", ids) == len(ids) })

	batch.Finish()
	// Five jobs of 1, 1, 2, 1 and 2 chunks, each of a window; one chunk ran twice.
	if runs := cutOff.Fired(0) + other.Fired(0); runs != 8 {
		t.Errorf("%d windows were decoded, want one twice and each other once", runs)
	}
}

// atWork is how many tasks a mesh in one process has in hand at most.
const atWork = meshtest.Slots + meshtest.Workers

// pause is the pace of the faults, not a wait for a fact.
func pause(d time.Duration) { <-time.After(d) }
