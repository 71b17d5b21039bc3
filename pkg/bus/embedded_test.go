package bus_test

import (
	"errors"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

func TestEmbedded_keepsItsStreamsOverARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dir)
	b, err := first.Connect("test", testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // provisioning again changes nothing
		if err := bus.Provision(t.Context(), b.JS, bus.EmbeddedLayout([]string{"demo"})); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	first.Stop()
	for name, err := range map[string]error{"server": first.Check(), "connection": b.Check()} {
		if !fault.Is(err, fault.Unavailable) { // of a kind that an operator is told the sentence of
			t.Errorf("a stopped %s: %v", name, err)
		}
	}

	second := start(t, dir)
	defer second.Stop()
	b, err = second.Connect("test", testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()

	if err := errors.Join(second.Check(), b.Check()); err != nil {
		t.Error(err)
	}
	if err := bus.ReleaseLeases(t.Context(), b.JS); err != nil {
		t.Error(err)
	}
	if _, err := b.JS.Consumer(t.Context(), bus.StreamTasks, bus.ConsumerASR("demo")); err == nil {
		t.Error("the lease of a model's worker is still there")
	}
	if _, err := b.JS.Consumer(t.Context(), bus.StreamJobs, bus.ConsumerHistory); err != nil {
		t.Errorf("the history's place in the feed: %v", err)
	}
}

func start(t *testing.T, dir string) *bus.Embedded {
	t.Helper()
	e, err := bus.StartEmbedded(dir, testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	return e
}
