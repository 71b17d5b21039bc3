package meshtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// Process is a mesh as a process of its own.
type Process struct {
	Mesh
	args []string
	cmd  *exec.Cmd
}

// Start starts stenomesh on a fresh data folder. It ends with the test.
// After Kill or Stop, Again starts it on the same folder and address.
func Start(t testing.TB, args ...string) *Process {
	t.Helper()
	p := &Process{Mesh: Mesh{Data: t.TempDir()}}
	p.args = append([]string{"up"}, flags(t, p.Data, args)...)
	p.Again(t)
	p.Stop = func() { p.terminate(t) }
	t.Cleanup(p.Stop)
	// From now on always on the same port, so that clients find it again.
	p.args = append(p.args, "-addr", strings.TrimPrefix(p.URL, "http://"))
	return p
}

// Again starts a process that was killed or stopped.
func (p *Process) Again(t testing.TB) {
	t.Helper()
	out := newAnnouncement()
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), testkit.Binary(t, "stenomesh"), p.args...)
	p.cmd.Stdout, p.cmd.Stderr = out, t.Output()
	p.cmd.WaitDelay = time.Second // its children may hold stderr open for a moment
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case p.URL = <-out.url:
	case <-time.After(testkit.Patience):
		t.Fatal("the mesh did not start in time")
	}
}

// Kill ends the process as a power cut of its own would: no signal handler runs.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = p.cmd.Wait() // "killed" is what we asked for
}

// terminate asks the process to end, and waits until it has. It is no error when
// it has ended.
func (p *Process) terminate(t testing.TB) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the mesh ended with %v", err)
	}
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Children returns the ids of the living descendants of pid whose program is
// named name, or of all when name is "".
func Children(pid int, name string) []int {
	parents := map[int][]int{}
	names := map[int]string{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, stat := range stats {
		id, parent, program, ok := parseStat(stat)
		if ok {
			parents[parent] = append(parents[parent], id)
			names[id] = program
		}
	}
	var found []int
	var walk func(int)
	walk = func(pid int) {
		for _, child := range parents[pid] {
			// The kernel keeps 15 bytes of a name.
			if name == "" || strings.HasPrefix(name, names[child]) {
				found = append(found, child)
			}
			walk(child)
		}
	}
	walk(pid)
	return found
}

// ChildrenOn returns the ids of the living descendants of pid whose command line
// names path.
func ChildrenOn(pid int, path string) []int {
	var found []int
	for _, child := range Children(pid, "") {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
		if err == nil && strings.Contains(string(line), path) {
			found = append(found, child)
		}
	}
	return found
}

// parseStat reads "pid (name) state parent ..."; the name may hold anything.
// Zombies have ended and do not count.
func parseStat(path string) (pid, parent int, name string, ok bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, "", false // it has ended
	}
	text := string(data)
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[end+1:])
	pid, pidErr := strconv.Atoi(strings.TrimSpace(text[:open]))
	parent, parentErr := strconv.Atoi(fields[1])
	return pid, parent, text[open+1 : end], pidErr == nil && parentErr == nil && fields[0] != "Z"
}
