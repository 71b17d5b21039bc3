package sandbox_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/sandbox"
)

// parentRole makes the test binary play a service with a long-running child.
const parentRole = "SANDBOX_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentRole) == "" {
		os.Exit(m.Run())
	}
	_, _ = sandbox.Run(context.Background(), sandbox.Command{
		Path: "/bin/sh", Args: []string{"-c", "echo $$; exec sleep 600"}, Stdout: os.Stdout,
		Limits: sandbox.Limits{Wall: time.Hour, Memory: 256 << 20, Output: 100},
	})
}

func TestRun_childDiesWithItsParent(t *testing.T) {
	t.Parallel()
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentRole+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}

	_ = parent.Process.Kill()
	_ = parent.Wait()

	waitGone(t, strings.TrimSpace(pid))
}
