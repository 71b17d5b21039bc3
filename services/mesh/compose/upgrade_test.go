//go:build compose

package compose_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// TestUpgrade_noRequestFails replaces every container of ours by a new one while
// users work, as `make upgrade-compose` does.
func TestUpgrade_noRequestFails(t *testing.T) {
	p := up(t)
	c := hire(t, p)
	d := &diary{t: t, ledger: c.ledger}
	before := len(p.containers())

	c.begin(4, c.browse, c.upload)
	d.do("upgrade", "everything", func() {
		script := exec.CommandContext(t.Context(), filepath.Join(testkit.Root(t), "deploy", "docker", "upgrade.sh"))
		script.Env = environment()
		if said, err := script.CombinedOutput(); err != nil {
			t.Errorf("upgrade: %v\n%s", err, said)
		}
	})
	c.dismiss()

	report(t, "upgrade-compose", fmt.Sprintf("%s\n%s", summary(c.judge()), d.table()))
	if a := d.saw(0); a.failed() > 0 {
		t.Errorf("%d requests failed", a.failed())
	}
	if after := len(p.containers()); after != before {
		t.Errorf("%d containers run, %d did before", after, before)
	}
}
