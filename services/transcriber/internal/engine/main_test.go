package engine_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

// parentVariable makes the test binary a parent of an engine; see
// TestProcess_endsWhenItsParentIsKilled. It holds "<binary> <model> <run folder>".
const parentVariable = "STENOMESH_TEST_ENGINE_PARENT"

func TestMain(m *testing.M) {
	if job := os.Getenv(parentVariable); job != "" {
		beParent(job)
		return
	}
	goleak.VerifyTestMain(m)
}

// beParent starts an engine, tells its process id, and waits to be killed.
func beParent(job string) {
	words := strings.Fields(job)
	p, err := engine.Start(context.Background(), engine.Config{
		Binary: words[0], Model: words[1], RunDir: words[2], Slots: 1, Threads: 1,
	})
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Println(p.PID())
	select {}
}

// scripted is the configuration of an engine with two slots and this script.
func scripted(t *testing.T, script string) engine.Config {
	t.Helper()
	return engine.Config{
		Binary: enginetest.Scripted(t), Model: enginetest.ScriptedModel(t, script),
		Slots: 2, Threads: 1, RunDir: t.TempDir(),
		CancelGrace: time.Minute, StopGrace: time.Minute, MinBackoff: time.Millisecond,
		Log: testkit.Log(t),
	}
}

// parent is this test binary as another process that starts an engine.
func parent(t *testing.T, cfg engine.Config) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), parentVariable+"="+strings.Join([]string{cfg.Binary, cfg.Model, cfg.RunDir}, " "))
	return cmd
}

// start returns a ready process that is closed, if it is not yet, at the end.
func start(t *testing.T, cfg engine.Config) *engine.Process {
	t.Helper()
	p, err := engine.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() }) // tests that care close it themselves
	return p
}

func request(trace string) *enginev1.TranscribeRequest {
	return &enginev1.TranscribeRequest{Pcm: enginetest.Bursts(1, 5), Language: "en", TraceId: trace}
}

// transcriber is a Process, or a Pool through pooled.
type transcriber func(ctx context.Context, req *enginev1.TranscribeRequest) (*enginev1.TranscribeResponse, error)

// inBackground makes a call and delivers its error.
func inBackground(ctx context.Context, call transcriber, trace string) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := call(ctx, request(trace))
		ended <- err
	}()
	return ended
}

// awaitBusy returns when the process decodes this many windows.
func awaitBusy(t *testing.T, p *engine.Process, want int) {
	t.Helper()
	testkit.Eventually(t, "the engine is busy", func() bool {
		m, err := p.Memory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m.Busy >= want
	})
}
