package catalog

import (
	"os"
	"path/filepath"
	"time"
)

// leftOver is the age at which a file that nobody has written to since belongs
// to a pull that was killed. A living one may be waiting for its source, or for
// the disk.
const leftOver = 10 * time.Minute

// partPattern matches the files that a model is downloaded to.
func partPattern(m Model) string { return "." + m.File + ".*.part" }

// sweep removes what killed pulls of the model left. What cannot be removed
// only takes room, and does not hold up the pull.
func (p *Puller) sweep(m Model) {
	files, _ := os.ReadDir(p.Dir) // a folder that is missing holds nothing
	for _, file := range files {
		part, _ := filepath.Match(partPattern(m), file.Name()) // the pattern is a good one
		info, err := file.Info()
		if part && err == nil && time.Since(info.ModTime()) > leftOver {
			_ = os.Remove(filepath.Join(p.Dir, file.Name()))
		}
	}
}
