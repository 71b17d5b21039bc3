// Package ffmpeg knows the two programs of the FFmpeg project that look at
// recordings: where they are, and the options that keep them from opening
// anything but the one file they are given. Packages media (ffprobe) and
// decode (ffmpeg) run them in package sandbox.
package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/sandbox"
)

// memory is the address space of one run. Both programs use well under 200 MB
// resident; the rest is room for shared libraries and thread stacks.
const memory = 2 << 30

// Tools are the programs.
type Tools struct {
	FFmpeg  string // absolute path
	FFprobe string // absolute path
	Version string // of ffmpeg, for example "5.1.9-0+deb12u1"
}

// Find looks the programs up in PATH and asks for the version.
func Find(ctx context.Context) (Tools, error) {
	var t Tools
	var err error
	if t.FFmpeg, err = lookUp("ffmpeg"); err != nil {
		return Tools{}, err
	}
	if t.FFprobe, err = lookUp("ffprobe"); err != nil {
		return Tools{}, err
	}
	var out bytes.Buffer
	_, err = sandbox.Run(ctx, sandbox.Command{
		Path: t.FFmpeg, Args: []string{"-version"}, Dir: "/", Stdout: &out,
		Limits: Limits(time.Minute, 64<<10),
	})
	if err != nil {
		return Tools{}, fmt.Errorf("ask ffmpeg for its version: %w", err)
	}
	t.Version = version(out.String())
	return t, nil
}

func lookUp(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find %s (apt-get install ffmpeg): %w", name, err)
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	return path, nil
}

// version reads "ffmpeg version 5.1.9-0+deb12u1 Copyright …".
func version(banner string) string {
	words := strings.Fields(banner)
	if len(words) < 3 || words[1] != "version" {
		return "unknown"
	}
	return words[2]
}

// Limits returns the limits of one run.
func Limits(wall time.Duration, output int64) sandbox.Limits {
	return sandbox.Limits{Wall: wall, Memory: memory, Output: output}
}
