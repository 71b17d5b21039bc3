package decode_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/decode"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/media"
)

// run decodes path with a script for ffmpeg.
func run(t *testing.T, script, path string) error {
	t.Helper()
	tools := audiotest.Tools(t)
	tools.FFmpeg = filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(tools.FFmpeg, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	limits := decode.Limits{Recording: time.Hour, Wall: time.Minute}
	_, err := decode.Run(t.Context(), tools, limits, path, t.TempDir(), media.Info{}, 1, io.Discard)
	return err
}

func TestRun_blamesTheDiskOnlyWhenItFails(t *testing.T) {
	t.Parallel()
	// The memory of a process is a file that opens, and whose first byte cannot
	// be read: EIO.
	const brokenDisk = "/proc/self/mem"
	scripts := map[string]string{
		"and gives up":               "echo file: Input/output error >&2; exit 1",
		"and makes do with the rest": "head -c 64000 /dev/zero; echo file: Input/output error >&2",
	}
	for name, script := range scripts {
		if err := run(t, script, brokenDisk); !errors.Is(err, syscall.EIO) {
			t.Errorf("ffmpeg meets a broken disk %s: %v, want EIO", name, err)
		}
	}
	whole := audiotest.Sample(t, "en-01.flac")
	if err := run(t, scripts["and gives up"], whole); fault.Of(err) == nil || fault.Of(err).Code != "corrupt_media" {
		t.Errorf("ffmpeg says so of a file that can be read: %v, want corrupt_media", err)
	}
	if err := run(t, scripts["and makes do with the rest"], whole); err != nil {
		t.Errorf("ffmpeg makes do with the rest of a file that can be read: %v", err)
	}
}
