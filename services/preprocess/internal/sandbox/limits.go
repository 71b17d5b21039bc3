package sandbox

import (
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
)

// openFiles is enough for a media file, the pipes and the shared libraries.
const openFiles = 64

// limited returns the command line that starts the program under its limits.
// prlimit (package util-linux) sets them on itself and then becomes the
// program, so there is no moment without them.
func limited(c Command) ([]string, error) {
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		return nil, fmt.Errorf("find prlimit (apt-get install util-linux): %w", err)
	}
	argv := []string{
		prlimit,
		"--as=" + strconv.FormatInt(c.Limits.Memory, 10),
		"--nofile=" + strconv.Itoa(openFiles),
		"--fsize=0",
		"--core=0",
		c.Path,
	}
	return append(argv, c.Args...), nil
}

// attributes put the child into a process group of its own and bind its life
// to that of the thread that starts it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
