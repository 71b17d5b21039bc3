package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	// maxSocketPath is what fits into a socket address everywhere, in bytes, with
	// some room.
	maxSocketPath = 100
	// folderPrefix begins the name of a socket's folder; digits follow.
	folderPrefix = "steno-"
	// socketName is the socket in it.
	socketName = "s"
)

// PrepareRunDir makes dir, as Config.RunDir will name it, if it is missing, and
// removes the sockets that killed processes left there. Those of living ones stay:
// each folder is locked by its process. What cannot be removed is left, since it
// takes no room worth an error.
func PrepareRunDir(dir string) error {
	dir = runDir(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make run folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("clear run folder: %w", err)
	}
	for _, entry := range entries {
		if entry.IsDir() && isFolderName(entry.Name()) {
			sweep(filepath.Join(dir, entry.Name()))
		}
	}
	return nil
}

// runDir is where sockets really go: dir, or the system's temporary folder where
// dir is empty or too long a name for a socket.
func runDir(dir string) string {
	for _, candidate := range []string{dir, os.TempDir()} {
		longest := filepath.Join(candidate, folderPrefix+"0123456789", socketName)
		if candidate != "" && len(longest) < maxSocketPath {
			return candidate
		}
	}
	return "/tmp"
}

// isFolderName tells our folders from what else may lie in a temporary folder.
func isFolderName(name string) bool {
	digits, ours := strings.CutPrefix(name, folderPrefix)
	return ours && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// sweep removes a folder that nobody has locked, with the socket in it and with
// nothing else: in a shared folder the name alone proves little.
func sweep(folder string) {
	lock, err := lockFolder(folder, syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return // in use, just gone, or somebody else's
	}
	defer func() { _ = lock.Close() }()
	path := filepath.Join(folder, socketName)
	info, err := os.Lstat(path)
	if err == nil && info.Mode().Type() == os.ModeSocket {
		err = os.Remove(path)
	}
	if err == nil || errors.Is(err, os.ErrNotExist) {
		_ = os.Remove(folder) // fails where there is more in it
	}
}

// lockFolder locks a folder until the file is closed or the process ends;
// children do not inherit it.
func lockFolder(path string, how int) (*os.File, error) {
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
