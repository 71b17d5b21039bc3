package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// ErrChecksum is returned when a file is not the one the catalogue names.
var ErrChecksum = errors.New("checksum differs from the catalogue")

// Store finds model files in a list of folders and vouches for their content. It
// reads only; Puller adds files.
type Store struct {
	dirs []string

	mu       sync.Mutex
	verified map[fileID]string // -> sha256 of the file as it was read
}

// fileID is what changes when a file is replaced or written to.
type fileID struct {
	path    string
	size    int64
	modTime time.Time
}

// NewStore looks in these folders, the first one first. A folder that does not
// exist is an empty one.
func NewStore(dirs ...string) *Store {
	return &Store{dirs: dirs, verified: map[fileID]string{}}
}

// Locate returns where the model's file lies. A file of the wrong size (a broken
// copy) is passed over. The error is a fault of kind NotFound with code
// "model_not_installed", whose message tells what to do. It does not read the
// file: see Verified.
func (s *Store) Locate(m Model) (string, error) {
	id, err := s.locate(m)
	return id.path, err
}

// Installed reports whether Locate finds the model.
func (s *Store) Installed(m Model) bool {
	_, err := s.locate(m)
	return err == nil
}

func (s *Store) locate(m Model) (fileID, error) {
	for _, dir := range s.dirs {
		path := filepath.Join(dir, m.File)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fileID{}, fmt.Errorf("look for model %s: %w", m.Name, err)
		}
		if info.Mode().IsRegular() && info.Size() == m.Bytes {
			return fileID{path: path, size: info.Size(), modTime: info.ModTime()}, nil
		}
	}
	return fileID{}, fault.New(fault.NotFound, "model_not_installed", fmt.Sprintf(
		"The model %s is not installed; `steno models pull %s` fetches it.", m.Name, m.Name))
}

// Verified returns where the model's file lies, once its content is known to be
// what the catalogue says. The whole file is read the first time and again only
// after it changed; ctx stops the reading. Errors are those of Locate, and
// ErrChecksum.
func (s *Store) Verified(ctx context.Context, m Model) (string, error) {
	id, err := s.locate(m)
	if err != nil {
		return "", err
	}
	sum, known := s.remembered(id)
	if !known {
		if sum, err = fileSum(ctx, id.path); err != nil {
			return "", fmt.Errorf("check model %s: %w", m.Name, err)
		}
		s.remember(id, sum)
	}
	if sum != m.SHA256 {
		return "", fmt.Errorf("check model %s in %s: %w", m.Name, id.path, ErrChecksum)
	}
	return id.path, nil
}

func (s *Store) remembered(id fileID) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum, ok := s.verified[id]
	return sum, ok
}

func (s *Store) remember(id fileID, sum string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verified[id] = sum
}

// fileSum is the sha-256 of a file in hex.
func fileSum(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing to lose
	hash := sha256.New()
	for ctx.Err() == nil {
		_, err := io.CopyN(hash, f, 1<<20)
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(hash.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", ctx.Err()
}
