// Package scratch gives each recording a private folder while it is prepared,
// and clears up after processes that died. Several processes may share the
// root: each locks its own part of it, and a part that nobody locks is left
// over.
package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Space is the part of the root that belongs to this process.
type Space struct {
	path string
	lock *os.File
}

// Open makes a part below root (which is made if it is missing) and removes
// what dead processes left there. Whoever calls Open calls Close.
func Open(root string) (*Space, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open scratch folder: %w", err)
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("open scratch folder: %w", err)
	}
	// One process at a time comes here, so that none removes the part that
	// another has made and not yet locked.
	gate, err := lock(root, syscall.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("open scratch folder: %w", err)
	}
	defer func() { _ = gate.Close() }()
	if err := sweep(root); err != nil {
		return nil, fmt.Errorf("clear scratch folder: %w", err)
	}
	path, err := os.MkdirTemp(root, "process-")
	if err != nil {
		return nil, fmt.Errorf("open scratch folder: %w", err)
	}
	own, err := lock(path, syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return nil, fmt.Errorf("lock scratch folder: %w", err)
	}
	return &Space{path: path, lock: own}, nil
}

// Folder makes an empty folder; remove removes it with all it holds.
func (s *Space) Folder() (path string, remove func() error, err error) {
	path, err = os.MkdirTemp(s.path, "recording-")
	if err != nil {
		return "", nil, fmt.Errorf("make scratch folder: %w", err)
	}
	return path, func() error { return os.RemoveAll(path) }, nil
}

// Close removes the part of this process.
func (s *Space) Close() error {
	return errors.Join(os.RemoveAll(s.path), s.lock.Close())
}

// sweep removes the parts that nobody has locked.
func sweep(root string) error {
	left, err := filepath.Glob(filepath.Join(root, "process-*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		dead, err := lock(path, syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
			continue // somebody is at work there, or has just left
		}
		if err != nil {
			return err
		}
		err = os.RemoveAll(path)
		_ = dead.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// lock opens a folder and locks it until the file is closed or the process
// ends.
func lock(path string, how int) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
