package chaos

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// Disk is a small file system of a test's own, to run out of room on.
type Disk struct {
	Path string
	t    testing.TB
}

// MountDisk mounts one of so many bytes. Whoever uses it is to be started afterwards,
// so that it has ended when the disk goes with the test.
func MountDisk(t testing.TB, bytes string) *Disk {
	t.Helper()
	d := &Disk{Path: t.TempDir(), t: t}
	if err := syscall.Mount("tmpfs", d.Path, "tmpfs", 0, "size="+bytes); err != nil {
		t.Fatalf("a file system cannot be mounted (%v): run this test as root, or with the capability CAP_SYS_ADMIN", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.Path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *Disk) filler() string { return filepath.Join(d.Path, "filler") }

// Fill takes all room that is left.
func (d *Disk) Fill() {
	d.t.Helper()
	file, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // what counts is the room it takes
	for page := make([]byte, os.Getpagesize()); err == nil; {
		_, err = file.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatal(err)
	}
}

// Free gives the room back.
func (d *Disk) Free() {
	d.t.Helper()
	if err := os.Remove(d.filler()); err != nil {
		d.t.Fatal(err)
	}
}

// Protect makes it read-only, as the kernel does with a disk that fails. That takes a
// moment in which nobody writes.
func (d *Disk) Protect() {
	d.t.Helper()
	testkit.Eventually(d.t, "the disk is read-only", func() bool {
		return syscall.Mount("", d.Path, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "") == nil
	})
}

// Release makes it writable again.
func (d *Disk) Release() {
	d.t.Helper()
	if err := syscall.Mount("", d.Path, "", syscall.MS_REMOUNT, ""); err != nil {
		d.t.Fatal(err)
	}
}
