package prepare_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

// split prepares each channel by itself.
func split(t *testing.T, cfg prepare.Config, path string) (prepare.Prepared, error) {
	t.Helper()
	return prepare.File(t.Context(), cfg, prepare.Request{Path: path, Scratch: t.TempDir(), Split: true})
}

// turns reads who speaks when in the sample call, in milliseconds, by channel.
func turns(t *testing.T) map[uint32][][2]float64 {
	t.Helper()
	table, err := os.ReadFile(filepath.Join(testkit.Root(t), "testdata", "audio", "stereo-call.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[uint32][][2]float64{}
	for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		fields := strings.Split(line, "\t")
		start, startErr := strconv.ParseFloat(fields[3], 64)
		end, endErr := strconv.ParseFloat(fields[4], 64)
		if startErr != nil || endErr != nil {
			t.Fatal(startErr, endErr)
		}
		channel := map[string]uint32{"left": 1, "right": 2}[fields[2]]
		all[channel] = append(all[channel], [2]float64{1000 * start, 1000 * end})
	}
	return all
}

func TestFile_splitFindsEachSpeakerOnTheirChannel(t *testing.T) {
	t.Parallel()

	prepared, err := split(t, config(t), audiotest.Sample(t, "stereo-call.flac"))

	if err != nil || len(prepared.Tracks) != 2 || prepared.DurationMs != 37_447 || len(prepared.Warnings) != 0 {
		t.Fatalf("%d tracks of %d ms, warnings %q, %v", len(prepared.Tracks), prepared.DurationMs, prepared.Warnings, err)
	}
	spoken := turns(t)
	for n, track := range prepared.Tracks {
		if track.Channel != uint32(n+1) || len(track.Silence.Speech) == 0 {
			t.Fatalf("track %d is channel %d, with speech in %v", n, track.Channel, track.Silence.Speech)
		}
		for _, s := range track.Silence.Speech {
			middle, own := float64(s.StartMs+s.EndMs)/2, false
			for _, turn := range spoken[track.Channel] {
				own = own || turn[0] < middle && middle < turn[1]
			}
			if !own {
				t.Errorf("channel %d: speech in %v, which is nobody's turn there", track.Channel, s)
			}
		}
		if info, err := os.Stat(track.PCM); err != nil || info.Size()/32 != prepared.DurationMs {
			t.Errorf("channel %d: %v, %v", track.Channel, info, err)
		}
	}
}

func TestFile_splitTakesChannelsWithOneSoundForOne(t *testing.T) {
	t.Parallel()
	sample := audiotest.Sample(t, "en-01.flac")
	for name, c := range map[string]struct{ path, warning string }{
		"one channel":  {sample, "one channel only"},
		"both alike":   {audiotest.Make(t, "mp3", "-i", sample, "-ac", "2"), "hold the same sound"},
		"one quieter":  {audiotest.Make(t, "wav", "-i", sample, "-af", "pan=stereo|c0=0.2*c0|c1=c0"), "hold the same sound"},
		"four of them": {audiotest.Make(t, "wav", "-i", sample, "-af", "pan=4c|c0=c0|c1=c0|c2=c0|c3=c0"), "hold the same sound"},
	} {
		prepared, err := split(t, config(t), c.path)

		if err != nil || len(prepared.Tracks) != 1 || prepared.Tracks[0].Channel != 0 || len(prepared.Tracks[0].Pieces) != 1 {
			t.Errorf("%s: %+v, %v", name, prepared, err)
			continue
		}
		if len(prepared.Warnings) != 1 || !strings.Contains(prepared.Warnings[0], c.warning) {
			t.Errorf("%s: warnings %q", name, prepared.Warnings)
		}
		if at := prepared.Tracks[0].Silence.Speech[0].StartMs; math.Abs(float64(at)-320) > 150 {
			t.Errorf("%s: speech begins at %d ms, want 320", name, at)
		}
	}
}

// wav is a recording of silence with any number of channels.
func wav(t *testing.T, channels uint16, ms int) string {
	t.Helper()
	size := uint32(ms) * 16 * 2 * uint32(channels)
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), 36+size)
	head = binary.LittleEndian.AppendUint32(append(head, "WAVEfmt "...), 16)
	for _, v := range []uint16{1, channels} {
		head = binary.LittleEndian.AppendUint16(head, v)
	}
	head = binary.LittleEndian.AppendUint32(head, 16_000)
	head = binary.LittleEndian.AppendUint32(head, 32_000*uint32(channels))
	for _, v := range []uint16{2 * channels, 16} {
		head = binary.LittleEndian.AppendUint16(head, v)
	}
	head = binary.LittleEndian.AppendUint32(append(head, "data"...), size)
	return writeFile(t, "silence.wav", append(head, make([]byte, size)...))
}

func TestFile_splitRefusesWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	short := config(t)
	short.Recording = 10 * time.Second
	for code, c := range map[string]struct {
		cfg  prepare.Config
		path string
	}{
		"too_many_channels": {config(t), wav(t, 9, 1000)},
		"too_long":          {short, wav(t, 8, 2000)},
	} {
		if _, err := split(t, c.cfg, c.path); fault.Of(err) == nil || fault.Of(err).Code != code {
			t.Errorf("%s: got %v", code, err)
		}
	}
	for _, channels := range []uint16{2, 5, 8} {
		if _, err := split(t, config(t), wav(t, channels, 300)); err != nil {
			t.Errorf("%d channels: %v", channels, err)
		}
	}
}
