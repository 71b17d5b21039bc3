package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// bytesPerSecond is that of 16 kHz mono s16le PCM.
const bytesPerSecond = 32_000

// recording is a file to transcribe.
type recording struct {
	path    string
	seconds float64
}

// readVoices decodes the English samples: the language that is asked for.
func readVoices(ctx context.Context, folder string) ([][]byte, error) {
	paths, _ := filepath.Glob(filepath.Join(folder, "en-*.flac")) // an odd folder name finds nothing
	if len(paths) == 0 {
		return nil, fmt.Errorf("there is no English sample in %s", folder)
	}
	var voices [][]byte
	for _, path := range paths {
		pcm, err := ffmpeg(ctx, nil, "-i", path, "-f", "s16le", "-ac", "1", "-ar", "16000", "-")
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", path, err)
		}
		voices = append(voices, pcm)
	}
	return voices, nil
}

// record makes a recording of this length out of the samples: in random order,
// with pauses of 0.3 to 1.5 s before each. No two seeds give the same sound.
func (b *bench) record(ctx context.Context, seconds float64, seed uint64) (recording, error) {
	random := rand.New(rand.NewPCG(seed, uint64(seconds)))
	var pcm []byte
	for order := []int(nil); len(pcm) < int(seconds*bytesPerSecond); order = order[1:] {
		if len(order) == 0 {
			order = random.Perm(len(b.voices))
		}
		pause := 2 * int((0.3+1.2*random.Float64())*bytesPerSecond/2)
		pcm = slices.Concat(pcm, make([]byte, pause), b.voices[order[0]])
	}
	pcm = pcm[:2*int(seconds*bytesPerSecond/2)]
	path := filepath.Join(b.folder, fmt.Sprintf("recording-%.0f-%d.flac", seconds, seed))
	_, err := ffmpeg(ctx, pcm, "-f", "s16le", "-ac", "1", "-ar", "16000", "-i", "-", path)
	return recording{path: path, seconds: seconds}, err
}

// recordMany makes n recordings of lengths between two bounds, evenly spread.
func (b *bench) recordMany(ctx context.Context, n int, shortest, longest float64) ([]recording, error) {
	var all []recording
	for i := range n {
		seconds := shortest + (longest-shortest)*float64(i)/float64(max(n-1, 1))
		r, err := b.record(ctx, seconds, uint64(i))
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func length(recordings []recording) float64 {
	var seconds float64
	for _, r := range recordings {
		seconds += r.seconds
	}
	return seconds
}

// ffmpeg runs it on our own recordings and returns what it writes to its standard
// output.
func ffmpeg(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-v", "error", "-y"}, args...)...)
	cmd.Stdin = bytes.NewReader(input)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("ffmpeg is missing; run: make tools")
	case err != nil:
		return nil, fmt.Errorf("ffmpeg: %w: %s", err, problems.String())
	}
	return out, nil
}

// open returns a recording to be read, and its size.
func (r recording) open() (*os.File, int64, error) {
	file, err := os.Open(r.path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}
