// Package decode turns any recording into the one form of package pcm, by one
// sequential run of ffmpeg: a mix of all channels, or each channel by itself, sample
// by sample in turn. Times are kept: the first sample is the start of
// the recording, also where the sound of a video begins later, and gaps in the
// stream become silence.
package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/ffmpeg"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/media"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/sandbox"
)

// MinMs is the length that a recording has to exceed.
const MinMs = 100

// Limits bound one decode.
type Limits struct {
	Recording time.Duration // length of the sound, of all channels together
	Wall      time.Duration // time the decode may take
}

// Run decodes the stream that info names of the file at path (absolute) and
// writes its PCM to sink; it returns the number of milliseconds. With channels 1 that
// is a mix, else it is so many channels, which must be those of the stream. What a
// damaged or cut-off recording still holds is decoded. The error is a fault of
// package media when the recording is to blame, and anything else, an error of
// sink among them, when another try may help.
func Run(
	ctx context.Context, tools ffmpeg.Tools, limits Limits, path, dir string, info media.Info, channels int, sink io.Writer,
) (int64, error) {
	counted := &counter{to: sink}
	stderr, err := sandbox.Run(ctx, sandbox.Command{
		Path: tools.FFmpeg, Args: args(path, info, channels), Dir: dir, Stdout: counted,
		Limits: ffmpeg.Limits(limits.Wall, limits.Recording.Milliseconds()*pcm.BytesPerMs),
	})
	ms := counted.bytes / int64(pcm.BytesPerMs*channels)
	// Where the disk fails, ffmpeg may take what came before for the whole.
	if broken := ffmpeg.DiskError(ctx, stderr, path); broken != nil {
		return ms, broken
	}
	switch {
	case errors.Is(err, sandbox.ErrOutput):
		return ms, media.TooLong(limits.Recording, channels)
	case err != nil:
		return ms, blame(err)
	case ms > MinMs:
		return ms, nil
	case info.ClaimedMs > MinMs || stderr != "":
		return ms, media.Corrupt(fmt.Errorf("decoded %d of %d ms: %s", ms, info.ClaimedMs, stderr))
	default:
		return ms, media.Empty()
	}
}

// args asks for one stream as PCM on standard output.
func args(path string, info media.Info, channels int) []string {
	args := []string{"-nostdin", "-hide_banner", "-nostats", "-v", "error", "-threads", "1", "-filter_threads", "1"}
	args = append(args, ffmpeg.Input(path)...)
	args = append(args,
		"-map", "0:"+strconv.Itoa(info.Stream),
		// The first filter fills the start and the gaps at the recording's own
		// sample rate, the others choose the channels and resample.
		"-af", "aresample=async=1:first_pts=0,"+filters(channels),
		"-f", "s16le", "-c:a", "pcm_s16le", "pipe:1",
	)
	if info.Video {
		// Some formats count time from the first stream in use. With the
		// picture in use as well, that is the start of the recording.
		args = append(args, "-map", "0:V?", "-map", "0:"+strconv.Itoa(info.Stream), "-c", "copy", "-f", "null", "-")
	}
	return args
}

// filters mixes all channels into one, or leaves as many as they are: each by its
// number, because by their names ffmpeg would mix those of an unusual set.
func filters(channels int) string {
	if channels == 1 {
		return "aformat=sample_fmts=s16:sample_rates=16000:channel_layouts=mono"
	}
	pan := fmt.Sprintf("pan=%dc", channels)
	for n := range channels {
		pan += fmt.Sprintf("|c%d=c%d", n, n)
	}
	return pan + ",aformat=sample_fmts=s16:sample_rates=16000"
}

// blame decides whether the recording is at fault when ffmpeg did not succeed.
func blame(err error) error {
	var exit *sandbox.ExitError
	switch {
	case ffmpeg.NotStarted(err):
		return media.NotStarted(err)
	case ffmpeg.Interrupted(err) || !errors.As(err, &exit):
		return fmt.Errorf("decode: %w", err)
	default:
		return media.Corrupt(err)
	}
}

// counter counts the bytes that sink took.
type counter struct {
	to    io.Writer
	bytes int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}
