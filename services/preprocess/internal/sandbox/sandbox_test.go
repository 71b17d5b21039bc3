package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/sandbox"
)

// shell is a command that stands for a program which does what script says.
func shell(t *testing.T, script string, stdout io.Writer) sandbox.Command {
	t.Helper()
	return sandbox.Command{
		Path: "/bin/sh", Args: []string{"-c", script}, Dir: t.TempDir(), Stdout: stdout,
		Limits: sandbox.Limits{Wall: time.Minute, Memory: 256 << 20, Output: 1 << 20},
	}
}

func TestRun_seesNothingOfOurs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	command := shell(t, "env; pwd; cat; echo to the operator >&2", &out)

	stderr, err := sandbox.Run(t.Context(), command)

	if err != nil || stderr != "to the operator" {
		t.Fatalf("stderr %q, err %v", stderr, err)
	}
	for line := range strings.Lines(out.String()) {
		name, _, found := strings.Cut(line, "=")
		if found && name != "LC_ALL" && name != "MALLOC_ARENA_MAX" && name != "PWD" {
			t.Errorf("the child sees %s", line)
		}
	}
	if !strings.HasSuffix(out.String(), command.Dir+"\n") {
		t.Errorf("the child works in another place than %s: %s", command.Dir, out.String())
	}
}

func TestRun_enforcesLimits(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, script string
		limits       sandbox.Limits
		want         func(error) bool
	}{
		{
			name: "wall time", script: "while :; do :; done",
			limits: sandbox.Limits{Wall: 50 * time.Millisecond, Memory: 256 << 20, Output: 1},
			want:   func(err error) bool { return errors.Is(err, sandbox.ErrWallTime) },
		},
		{
			name: "output", script: "while :; do echo too much; done",
			limits: sandbox.Limits{Wall: time.Minute, Memory: 256 << 20, Output: 1000},
			want:   func(err error) bool { return errors.Is(err, sandbox.ErrOutput) },
		},
		{
			name: "memory", script: "exec dd if=/dev/zero of=/dev/null bs=200M count=1",
			limits: sandbox.Limits{Wall: time.Minute, Memory: 64 << 20, Output: 1000},
			want: func(err error) bool {
				var exit *sandbox.ExitError
				return errors.As(err, &exit) && strings.Contains(exit.Stderr, "memory")
			},
		},
		{
			name: "files", script: "exec dd if=/dev/zero of=file count=1",
			limits: sandbox.Limits{Wall: time.Minute, Memory: 256 << 20, Output: 1000},
			want: func(err error) bool {
				var exit *sandbox.ExitError
				return errors.As(err, &exit) && exit.Signal == syscall.SIGXFSZ
			},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			command := shell(t, tc.script, io.Discard)
			command.Limits = tc.limits

			_, err := sandbox.Run(t.Context(), command)

			if !tc.want(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRun_cancelKillsTheWholeGroup(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	pid := &firstLine{got: cancel}

	// The pid of the grandchild comes out, and that is the sign to cancel.
	_, err := sandbox.Run(ctx, shell(t, "sleep 600 & echo $!; wait", pid))

	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	waitGone(t, strings.TrimSpace(pid.String()))
}

// firstLine calls got when the first output arrives.
type firstLine struct {
	bytes.Buffer
	got func()
}

func (f *firstLine) Write(p []byte) (int, error) {
	defer f.got()
	return f.Buffer.Write(p)
}

// waitGone waits until no process of this id runs. A zombie that nobody has
// reaped yet counts as gone.
func waitGone(t *testing.T, pid string) {
	t.Helper()
	if pid == "" {
		t.Fatal("no process id")
	}
	testkit.Eventually(t, "process "+pid+" ends", func() bool {
		stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

func TestRun_givesUpWhenItsOutputIsNotTaken(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")

	_, err := sandbox.Run(t.Context(), shell(t, "while :; do echo more; done", failing{full}))

	if !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestRun_tellsHowTheChildEnded(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]sandbox.ExitError{
		"echo bad >&2; exit 3": {Code: 3, Stderr: "bad"},
		"kill -SEGV $$":        {Code: -1, Signal: syscall.SIGSEGV},
		"kill -KILL $$":        {Code: -1, Signal: syscall.SIGKILL},
	} {
		_, err := sandbox.Run(t.Context(), shell(t, script, io.Discard))

		var exit *sandbox.ExitError
		if !errors.As(err, &exit) || exit.Code != want.Code || exit.Signal != want.Signal || exit.Stderr != want.Stderr {
			t.Errorf("%s: got %v, want %v", script, err, &want)
		}
		if sandbox.Killed(err) != (want.Signal == syscall.SIGKILL) {
			t.Errorf("%s: Killed is %v", script, sandbox.Killed(err))
		}
	}
}

func TestRun_keepsOnlyTheEndOfAFlood(t *testing.T) {
	t.Parallel()

	stderr, err := sandbox.Run(t.Context(), shell(t, "seq 100000 >&2", io.Discard))

	if err != nil || len(stderr) > 4096 || !strings.HasSuffix(stderr, "\n99999\n100000") {
		t.Errorf("err %v, %d bytes: %.60q", err, len(stderr), stderr)
	}
}
