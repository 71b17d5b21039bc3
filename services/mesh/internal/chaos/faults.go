package chaos

import (
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// hit does something to a cluster and returns how to mend it.
type hit func(t testing.TB, c *meshtest.Cluster, s Step) (mend func())

// faults are all that can be done to a cluster. A service is killed as a power cut
// of its machine would, stopped as an operator does, or frozen, which looks to
// others like a network that is gone.
func faults() map[string]hit {
	all := map[string]hit{
		"kill bus":      hitBus((*meshtest.Program).Kill),
		"stop bus":      hitBus((*meshtest.Program).Stop),
		"kill engine":   hitChildren("transcriber", "scripted-engine"),
		"kill ffmpeg":   hitChildren("preprocess", "ffmpeg"),
		"kill postgres": hitPostgres,
		"kill redis": func(t testing.TB, c *meshtest.Cluster, _ Step) func() {
			c.Redis.Stop(t)
			return func() { c.Redis.Start(t) }
		},
		"freeze redis": func(t testing.TB, c *meshtest.Cluster, _ Step) func() {
			c.Redis.Pause(t)
			return func() { c.Redis.Resume(t) }
		},
		"flush redis": func(t testing.TB, c *meshtest.Cluster, _ Step) func() {
			c.Redis.Flush(t)
			return func() {}
		},
	}
	for _, service := range []string{"gateway", "preprocess", "dispatcher", "transcriber", "history", "cache", "metrics"} {
		all["kill "+service] = hitReplica(service, (*meshtest.Program).Kill, (*meshtest.Program).Launch)
		all["stop "+service] = hitReplica(service, (*meshtest.Program).Stop, (*meshtest.Program).Launch)
		all["freeze "+service] = hitReplica(service, (*meshtest.Program).Freeze, (*meshtest.Program).Thaw)
	}
	return all
}

// Kinds are the names of all faults whose name begins with one of prefixes; all
// without any.
func Kinds(prefixes ...string) []string {
	names := slices.Sorted(maps.Keys(faults()))
	if len(prefixes) == 0 {
		return names
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	})
}

func hitReplica(service string, hurt, mend func(*meshtest.Program)) hit {
	return func(_ testing.TB, c *meshtest.Cluster, s Step) func() {
		replicas := c.Replicas[service]
		p := replicas[s.Which%len(replicas)]
		hurt(p)
		return func() { mend(p) }
	}
}

func hitBus(hurt func(*meshtest.Program)) hit {
	return func(_ testing.TB, c *meshtest.Cluster, _ Step) func() {
		hurt(c.Bus)
		return c.Bus.Launch
	}
}

func hitPostgres(t testing.TB, c *meshtest.Cluster, _ Step) func() {
	c.Postgres.Stop(t)
	return func() { c.Postgres.Start(t) }
}

// hitChildren kills the children that a service's process has just now; they are
// started again by it.
func hitChildren(service, program string) hit {
	return func(_ testing.TB, c *meshtest.Cluster, s Step) func() {
		replicas := c.Replicas[service]
		for _, pid := range meshtest.Children(replicas[s.Which%len(replicas)].PID(), program) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
		}
		return func() {}
	}
}

// hits is how many tasks a fault may cut off: all that those who are hit have at work.
// The last word of its name says who that is: a service, or something that is used by
// one or by all ("kill bus"), or a step in a service ("death at gateway.after-accept").
func hits(c *meshtest.Cluster, kind string) int {
	who, _, _ := strings.Cut(kind[strings.LastIndex(kind, " ")+1:], ".")
	switch who {
	case "mesh":
		return meshtest.Slots + meshtest.Workers
	case "bus":
		return len(c.Replicas["transcriber"])*meshtest.Slots + len(c.Replicas["preprocess"])*meshtest.Workers
	case "transcriber", "engine", "worker":
		return meshtest.Slots
	case "preprocess", "ffmpeg":
		return meshtest.Workers
	default:
		return 0
	}
}

// carryOut does the steps one after the other, each mended before the next.
func (tr *Trial) carryOut() {
	tr.t.Helper()
	known := faults()
	for _, s := range tr.Steps {
		pause(s.After)
		tr.Fault(s.Kind)
		tr.t.Logf("%s", s)
		mend := known[s.Kind](tr.t, tr.Cluster, s)
		pause(s.Down)
		mend()
	}
}

// pause is the pace of the faults, not a wait for a fact.
func pause(d time.Duration) { <-time.After(d) }
