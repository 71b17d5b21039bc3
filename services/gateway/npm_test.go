//go:build npm

package gateway_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// TestNpm_tusClientGetsThroughCutsAndRestarts is make tus-npm.
func TestNpm_tusClientGetsThroughCutsAndRestarts(t *testing.T) {
	j := travel(t, 200_000_000, 10)
	file := filepath.Join(t.TempDir(), "recording.mp3")
	j.user.ok(os.WriteFile(file, j.content, 0o600))
	node := exec.CommandContext(t.Context(), "node", "upload.mjs")
	node.Dir = filepath.Join(testkit.Root(t), "services", "gateway", "contract", "tus")
	node.Env = append(os.Environ(), "FILE="+file, "ENDPOINT="+j.proxy.url()+uploads, "TOKEN="+j.user.token)
	node.Stderr = t.Output()

	out, err := node.Output()

	j.user.ok(err)
	j.arrived(t, idOf(strings.TrimSpace(string(out))))
}
