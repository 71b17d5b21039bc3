//go:build crashpoints

package crash

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Variables that say where to die: points with commas between them, and a folder in
// which a file is made for each death, so that each point kills once however many
// processes reach it. Nobody dies before the folder is there.
const (
	pointsEnv = "STENOMESH_CRASH_POINTS"
	folderEnv = "STENOMESH_CRASH_FOLDER"
)

var chosen = strings.Split(os.Getenv(pointsEnv), ",")

// Point kills this process if it is to die here and nobody has before.
func Point(name string) {
	if !slices.Contains(chosen, name) {
		return
	}
	claim, err := os.OpenFile(filepath.Join(os.Getenv(folderEnv), name), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	_ = claim.Close()
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal takes a moment
}
