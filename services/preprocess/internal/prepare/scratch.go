package prepare

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

// scratch is the file that a track of the decoded recording is written to.
type scratch struct {
	*bufio.Writer
	file *os.File
	path string
}

func newScratch(dir string, n int) (*scratch, error) {
	path := filepath.Join(dir, fmt.Sprintf("track-%d.pcm", n))
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create scratch file: %w", err)
	}
	return &scratch{Writer: bufio.NewWriterSize(file, 1<<20), file: file, path: path}, nil
}

// finish makes everything readable by path.
func (s *scratch) finish() error {
	if err := s.Flush(); err != nil {
		return fmt.Errorf("write scratch file: %w", err)
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close scratch file: %w", err)
	}
	return nil
}

// discard releases the file after an error; after finish it does nothing.
func (s *scratch) discard() { _ = s.file.Close() }
