package host_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// stuckEnv makes this program one that never stops by itself.
const stuckEnv = "STENOMESH_TEST_STUCK"

func TestMain(m *testing.M) {
	if os.Getenv(stuckEnv) == "" {
		os.Exit(m.Run())
	}
	ctx, _ := host.Interruptible()
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println("stopping")
	time.Sleep(time.Hour)
}

func TestInterruptible_givesUpAtTheSecondSignal(t *testing.T) {
	t.Parallel()
	stuck := exec.CommandContext(t.Context(), os.Args[0])
	stuck.Env = append(os.Environ(), stuckEnv+"=1")
	out, err := stuck.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stuck.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	expect(t, lines, "ready")

	interrupt(t, stuck)
	expect(t, lines, "stopping")
	ended := make(chan error, 1)
	go func() { ended <- stuck.Wait() }()

	testkit.Eventually(t, "it ends", func() bool {
		if len(ended) > 0 {
			return true
		}
		_ = stuck.Process.Signal(os.Interrupt) // it may have ended meanwhile
		return false
	})
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v, want the signal", err)
	}
}

func expect(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	if !lines.Scan() || lines.Text() != want {
		t.Fatalf("it said %q, want %q", lines.Text(), want)
	}
}

func interrupt(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}
