package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// tempFolder holds blobs being written. Its name cannot be a key.
const tempFolder = ".tmp"

// Disk keeps blobs as files below a folder, which several processes may share.
// A blob is written to a temporary file in the same file system, synced,
// renamed into place, and its folder synced: after Commit it survives a power
// cut, before it nothing is visible.
type Disk struct {
	root string
}

// NewDisk opens the folder, making it if it is missing.
func NewDisk(root string) (*Disk, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(root, tempFolder), 0o700); err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	return &Disk{root: root}, nil
}

// Create begins a new blob in a temporary file.
func (d *Disk) Create(context.Context) (Writer, error) {
	file, err := os.CreateTemp(filepath.Join(d.root, tempFolder), "blob-*")
	if err != nil {
		return nil, writeFault(fmt.Errorf("create blob: %w", err))
	}
	return newDiskWriter(d, file), nil
}

// Open returns the file of a blob.
func (d *Disk) Open(_ context.Context, key string) (io.ReadSeekCloser, Info, error) {
	path, err := d.LocalPath(key)
	if err != nil {
		return nil, Info{}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, Info{}, notFound(key, err)
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		_ = file.Close()
		return nil, Info{}, notFound(key, err)
	}
	return file, infoOf(key, info), nil
}

// Stat describes a blob.
func (d *Disk) Stat(_ context.Context, key string) (Info, error) {
	path, err := d.LocalPath(key)
	if err != nil {
		return Info{}, err
	}
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return Info{}, notFound(key, err)
	}
	return infoOf(key, info), nil
}

// Delete removes a blob and the folders that become empty with it.
func (d *Disk) Delete(_ context.Context, key string) error {
	path, err := d.LocalPath(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete blob %s: %w", key, err)
	}
	d.removeEmpty(filepath.Dir(path))
	return nil
}

// removeEmpty removes a folder and those above it, up to the first in which
// others live.
func (d *Disk) removeEmpty(dir string) {
	for dir != d.root && os.Remove(dir) == nil {
		dir = filepath.Dir(dir)
	}
}

// List walks the folder of a prefix.
func (d *Disk) List(ctx context.Context, prefix string) ([]Info, error) {
	top, err := d.LocalPath(prefix)
	if err != nil {
		return nil, err
	}
	var found []Info
	err = filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // removed while we walk
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		key, err := filepath.Rel(d.root, path)
		found = append(found, infoOf(filepath.ToSlash(key), info))
		return errors.Join(err, ctx.Err())
	})
	if err != nil {
		return nil, fmt.Errorf("list blobs %s: %w", prefix, err)
	}
	return found, nil
}

// Check proves that the folder can be written, read and emptied; the error is
// Unavailable. A disk that hangs holds it up beyond the end of ctx.
func (d *Disk) Check(ctx context.Context) error {
	if err := d.tryWrite(ctx); err != nil {
		return unwritable(err)
	}
	return nil
}

// writeFault makes an outage of a disk that has become read-only: that is how the
// kernel guards one that fails, and it is nobody's blob's own.
func writeFault(err error) error {
	if errors.Is(err, syscall.EROFS) {
		return unwritable(err)
	}
	return err
}

func unwritable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "blobs_unavailable",
		"Recordings and transcripts cannot be written; the disk may be full.")
}

func (d *Disk) tryWrite(ctx context.Context) error {
	w, err := d.Create(ctx)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, strings.NewReader("check"))
	return errors.Join(err, w.Abort())
}

// LocalPath returns the file of a key.
func (d *Disk) LocalPath(key string) (string, error) {
	if err := CheckKey(key); err != nil {
		return "", err
	}
	return filepath.Join(d.root, filepath.FromSlash(key)), nil
}

// SweepTemp removes temporary files that no writer has touched since before:
// what a killed process left behind.
func (d *Disk) SweepTemp(before time.Time) (removed int, err error) {
	dir := filepath.Join(d.root, tempFolder)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("sweep blob folder: %w", err)
	}
	for _, entry := range entries {
		info, gone := entry.Info()
		if gone == nil && info.ModTime().Before(before) && os.Remove(filepath.Join(dir, entry.Name())) == nil {
			removed++
		}
	}
	return removed, nil
}

func infoOf(key string, info fs.FileInfo) Info {
	return Info{Key: key, Size: info.Size(), ModTime: info.ModTime()}
}

func notFound(key string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	return fmt.Errorf("open blob %s: %w", key, err)
}
