package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// diskWriter writes one blob to a temporary file and hashes it on the way.
type diskWriter struct {
	disk   *Disk
	file   *os.File
	hash   hash.Hash
	size   int64
	closed bool
}

func newDiskWriter(d *Disk, file *os.File) *diskWriter {
	return &diskWriter{disk: d, file: file, hash: sha256.New()}
}

func (w *diskWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.size += int64(n)
	w.hash.Write(p[:n]) // never fails
	return n, err
}

func (w *diskWriter) Sum() (int64, string) {
	return w.size, hex.EncodeToString(w.hash.Sum(nil))
}

func (w *diskWriter) Commit(_ context.Context, key string) (Info, error) {
	path, err := w.disk.LocalPath(key)
	if err != nil {
		return Info{}, err
	}
	if w.closed {
		return Info{}, errors.New("commit blob: writer is closed")
	}
	if err := w.file.Sync(); err != nil {
		return Info{}, fmt.Errorf("commit blob %s: %w", key, err)
	}
	if err := w.moveTo(path); err != nil {
		return Info{}, writeFault(fmt.Errorf("commit blob %s: %w", key, err))
	}
	w.closed = true
	size, sum := w.Sum()
	return Info{Key: key, Size: size, SHA256: sum, ModTime: time.Now()}, w.file.Close()
}

// moveTo renames the temporary file. A Delete of a neighbour may remove the
// folder between our making it and the rename; then it is made again.
func (w *diskWriter) moveTo(path string) error {
	dir := filepath.Dir(path)
	for attempt := 0; ; attempt++ {
		made, err := missingFolders(dir, w.disk.root)
		if err != nil {
			return err
		}
		if err = os.MkdirAll(dir, 0o700); err == nil {
			err = os.Rename(w.file.Name(), path)
		}
		if errors.Is(err, fs.ErrNotExist) && attempt < 10 {
			continue
		}
		if err != nil {
			return err
		}
		return syncFolders(append(made, dir))
	}
}

func (w *diskWriter) Abort() error {
	if w.closed {
		return nil
	}
	w.closed = true
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}

// missingFolders returns the parents of the folders between root and dir that
// are still to be made: a new name is durable once its parent is synced.
func missingFolders(dir, root string) ([]string, error) {
	var parents []string
	for ; dir != root; dir = filepath.Dir(dir) {
		_, err := os.Stat(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		parents = append(parents, filepath.Dir(dir))
	}
	return parents, nil
}

func syncFolders(dirs []string) error {
	for _, dir := range dirs {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) { // removed by a Delete beside us; the blob went with it
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
