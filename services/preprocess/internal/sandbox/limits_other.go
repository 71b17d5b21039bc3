//go:build !linux

package sandbox

import "syscall"

// limited returns the plain command line: systems other than Linux are for
// development, and only wall time and output are limited there.
func limited(c Command) ([]string, error) {
	return append([]string{c.Path}, c.Args...), nil
}

// attributes put the child into a process group of its own.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
