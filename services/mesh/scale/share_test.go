//go:build scale

package scale_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

const (
	groups = "/sys/fs/cgroup"
	period = 20_000 // µs, over which the kernel counts what a group had
)

// share is a part of the machine's processor time, as a control group of the kernel,
// of version 2 or 1. It is what a container's limit of processors is made of.
type share struct{ folder string }

// newShare makes one of so many cores, which may be less than one, to be had before all
// else that the machine does. It goes with the test: processes in it have to end
// before, so they start after.
func newShare(t *testing.T, name string, cores float64) (share, error) {
	t.Helper()
	quota := fmt.Sprintf("%.0f", cores*period)
	parent, limits := groups, map[string]string{"cpu.max": fmt.Sprint(quota, " ", period), "cpu.weight": "10000"}
	if _, err := os.Stat(filepath.Join(groups, "cgroup.controllers")); err == nil {
		if err := os.WriteFile(filepath.Join(groups, "cgroup.subtree_control"), []byte("+cpu"), 0); err != nil {
			return share{}, err
		}
	} else {
		parent = filepath.Join(groups, "cpu")
		limits = map[string]string{"cpu.cfs_period_us": strconv.Itoa(period), "cpu.cfs_quota_us": quota, "cpu.shares": "262144"}
	}
	s := share{filepath.Join(parent, fmt.Sprintf("stenomesh-scale-%d-%s", os.Getpid(), name))}
	if err := os.Mkdir(s.folder, 0o700); err != nil {
		return s, err
	}
	t.Cleanup(func() {
		testkit.Eventually(t, "nobody is in the control group", func() bool { return os.Remove(s.folder) == nil })
	})
	for file, limit := range limits {
		if err := os.WriteFile(filepath.Join(s.folder, file), []byte(limit), 0); err != nil {
			return s, err
		}
	}
	return s, nil
}

// take puts a process, with all that it starts from now on, into the share, and on
// the last of the processors.
func (s share) take(t *testing.T, pid int) error {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
		return err
	}
	last := strconv.Itoa(runtime.NumCPU() - 1)
	if said, err := exec.CommandContext(t.Context(), "taskset", "-a", "-c", "-p", last, strconv.Itoa(pid)).CombinedOutput(); err != nil {
		return fmt.Errorf("taskset: %w: %s", err, said)
	}
	return nil
}
