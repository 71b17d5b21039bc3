package blob_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/blob/blobtest"
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

func openDisk(t *testing.T, root string) *blob.Disk {
	t.Helper()
	disk, err := blob.NewDisk(root)
	if err != nil {
		t.Fatal(err)
	}
	return disk
}
