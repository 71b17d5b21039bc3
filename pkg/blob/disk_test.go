package blob_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/blob/blobtest"
	"github.com/stenomesh/stenomesh/pkg/fault"
)

func TestDisk(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blob.Store { return openDisk(t, t.TempDir()) })
}

func TestDisk_sweepsWhatAKilledWriterLeft(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	disk := openDisk(t, root)
	if _, err := disk.Create(t.Context()); err != nil { // never committed
		t.Fatal(err)
	}

	removed, err := disk.SweepTemp(time.Now().Add(time.Hour))

	if err != nil || removed != 1 {
		t.Errorf("removed %d, %v; want 1", removed, err)
	}
	left, err := os.ReadDir(filepath.Join(root, ".tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestDisk_checkTellsThatNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "blobs")
	disk := openDisk(t, root)
	if err := disk.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}

	err := disk.Check(t.Context())

	if !fault.Is(err, fault.Unavailable) || strings.Contains(fault.Of(err).Message, root) {
		t.Errorf("got %v, want unavailable and a sentence without the path", err)
	}
}

func openDisk(t *testing.T, root string) *blob.Disk {
	t.Helper()
	disk, err := blob.NewDisk(root)
	if err != nil {
		t.Fatal(err)
	}
	return disk
}
