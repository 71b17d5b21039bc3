//go:build compose

package compose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// order is that of an upgrade: what is called before those who call it.
var order = []string{
	"history", "cache", "metrics", "dispatcher", "audio-preprocess", "transcriber", "api-gateway",
	"nats", "postgres", "redis", "prometheus", "alertmanager", "grafana", "otel-collector",
}

// replaced is the one step in which users may be refused a connection: there is one
// balancer, and one port of the machine. A new configuration does without it.
const replaced = "restart of the only"

// TestRolling_noRequestFailsAndNoTaskIsDoneTwice restarts every container in turn, in
// good order, while users work who hide nothing: every request counts, however a
// client would take its failure.
func TestRolling_noRequestFailsAndNoTaskIsDoneTwice(t *testing.T) {
	p := up(t)
	c := hire(t, p)
	d := &diary{t: t, ledger: c.ledger}
	before := time.Now()

	all := p.containers()
	c.begin(4, c.browse, c.upload)
	for _, service := range order {
		for _, replica := range p.containers(service) {
			d.do("restart", replica.Name, func() {
				p.docker("restart", replica.ID) // SIGTERM, and the grace period of its service
				p.awaitWell(all)
			})
		}
	}
	for service, signal := range map[string]string{"nats": "HUP", "haproxy": "USR2"} {
		d.do("reload", service, func() {
			// By a process inside: what the engine has sent a signal it does not start
			// again when it dies later.
			p.compose("exec", "--no-TTY", service, "sh", "-c", "kill -"+signal+" 1")
			pause(2 * time.Second)
			p.awaitWell(all)
		})
	}
	d.do(replaced, "haproxy", func() {
		p.compose("restart", "haproxy")
		p.awaitWell(all)
	})
	c.dismiss()

	verdict := c.judge()
	tasks := p.tasks(before)
	report(t, "rolling-compose", fmt.Sprintf("%s\n%s\n%s", summary(verdict), tasks, d.table()))
	for n, s := range d.steps {
		if a := d.saw(n); a.failed() > 0 && !strings.HasPrefix(s.what, replaced) {
			t.Errorf("%s: %d requests failed", s.what, a.failed())
		}
	}
	if twice := tasks.twice(); len(twice) > 0 {
		t.Errorf("done more than once:\n%s", strings.Join(twice, "\n"))
	}
}
