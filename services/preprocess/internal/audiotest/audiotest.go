// Package audiotest makes recordings for the tests of the packages beside it,
// with the real ffmpeg.
package audiotest

import (
	"context"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/ffmpeg"
)

var findTools = sync.OnceValues(func() (ffmpeg.Tools, error) { return ffmpeg.Find(context.Background()) })

// Tools returns the installed programs.
func Tools(t testing.TB) ffmpeg.Tools {
	t.Helper()
	tools, err := findTools()
	if err != nil {
		t.Fatalf("%v; run: apt-get install ffmpeg", err)
	}
	return tools
}

// Sample returns the path of a recording of testdata/audio.
func Sample(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(testkit.Root(t), "testdata", "audio", name)
}

// Make runs ffmpeg with args and the path of a new file, whose name ends in
// .kind, and returns that path.
func Make(t testing.TB, kind string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made."+kind)
	args = append(append([]string{"-nostdin", "-v", "error", "-y"}, args...), path)
	if out, err := exec.CommandContext(t.Context(), Tools(t).FFmpeg, args...).CombinedOutput(); err != nil {
		t.Fatalf("make a recording with %q: %v\n%s", args, err, out)
	}
	return path
}
