package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/ffmpeg"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/sandbox"
)

const (
	probeWall   = 2 * time.Minute
	probeOutput = 1 << 20 // bytes; a usual answer has two thousand

	// estimating is what ffprobe says when no header tells the length.
	estimating = "Estimating duration from bitrate"
)

// Probe asks ffprobe about the file at path (absolute), working in dir. The
// error is one of the faults of this package when the file is to blame, and
// anything else when another try may help.
func Probe(ctx context.Context, tools ffmpeg.Tools, path, dir string) (Info, error) {
	head, err := readHead(path)
	switch {
	case err != nil:
		return Info{}, err
	case len(head) == 0:
		return Info{}, Empty()
	}
	var out bytes.Buffer
	said, err := sandbox.Run(ctx, sandbox.Command{
		Path: tools.FFprobe, Args: probeArgs(path), Dir: dir, Stdout: &out,
		Limits: ffmpeg.Limits(probeWall, probeOutput),
	})
	if broken := ffmpeg.DiskError(ctx, said, path); broken != nil {
		return Info{}, broken
	}
	if err != nil {
		return Info{}, blame(err, head)
	}
	info, err := Parse(out.Bytes())
	info.Estimated = err == nil && strings.Contains(said, estimating)
	return info, err
}

func probeArgs(path string) []string {
	args := []string{
		"-v", "warning", "-hide_banner", "-of", "json", "-show_entries",
		"format=format_name,duration,bit_rate,probe_score" +
			":stream=index,codec_type,codec_name,channels,sample_rate,bit_rate,duration" +
			":stream_disposition=default,attached_pic",
	}
	return append(args, ffmpeg.Input(path)...)
}

// blame decides whether the file is at fault when ffprobe did not succeed. A
// file that begins like a recording is a damaged one.
func blame(err error, head []byte) error {
	var exit *sandbox.ExitError
	switch {
	case errors.Is(err, sandbox.ErrOutput):
		return Unsupported(err)
	case ffmpeg.NotStarted(err):
		return NotStarted(err)
	case ffmpeg.Interrupted(err) || !errors.As(err, &exit):
		return fmt.Errorf("probe: %w", err)
	case looksLikeMedia(head):
		return Corrupt(err)
	default:
		return Unsupported(err)
	}
}
