//go:build compose

package compose_test

import (
	"fmt"
	"testing"
	"time"
)

// jobs is how many jobs must go through a mesh that is hurt, at least.
const jobs = 60

// TestKill_everyContainerAndLongOutages kills every container of the mesh, one after
// another, and takes away for minutes what the mesh stands on, while jobs go in.
func TestKill_everyContainerAndLongOutages(t *testing.T) {
	p := up(t)
	c := hire(t, p)
	d := &diary{t: t, ledger: c.ledger}
	before := time.Now()

	all := p.containers()
	c.begin(4, c.browse, c.upload)
	for _, victim := range all {
		d.do("kill", victim.Name, func() {
			p.docker("kill", "--signal", "KILL", victim.ID)
			pause(time.Second)
			p.docker("start", victim.ID) // what was killed by its operator is not restarted by itself
			p.awaitWell(all)
		})
	}
	for _, away := range []struct {
		service, verb string
		long          time.Duration
	}{
		{"postgres", "stop", 2 * time.Minute},
		{"redis", "stop", 2 * time.Minute},
		{"nats", "kill", 90 * time.Second},
	} {
		d.do(fmt.Sprintf("%v without", away.long), away.service, func() {
			p.compose(away.verb, away.service)
			pause(away.long)
			p.compose("start", away.service)
			p.awaitWell(all)
		})
	}
	for c.accepted() < jobs && !t.Failed() {
		pause(time.Second)
	}
	c.dismiss()

	verdict := c.judge()
	report(t, "chaos-compose", fmt.Sprintf("%s\n%s\n%s", summary(verdict), p.tasks(before), d.table()))
}
