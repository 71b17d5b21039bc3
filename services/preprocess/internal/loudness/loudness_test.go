package loudness_test

import (
	"bytes"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/loudness"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
)

// hear measures the audio that ffmpeg makes of args, by the meter and, as an
// independent witness, by ffmpeg's own filter.
func hear(t *testing.T, args ...string) (ours, theirs loudness.Measure) {
	t.Helper()
	args = append([]string{"-nostdin", "-hide_banner", "-nostats"}, args...)
	args = append(args, "-af", "aresample=16000,aformat=sample_fmts=s16:channel_layouts=mono,ebur128=peak=true:framelog=verbose",
		"-f", "s16le", "-c:a", "pcm_s16le", "-")
	command := exec.CommandContext(t.Context(), audiotest.Tools(t).FFmpeg, args...)
	var log bytes.Buffer
	command.Stderr = &log
	raw, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	meter := loudness.NewMeter()
	if _, err := pcm.NewSplitter(meter).Write(raw); err != nil {
		t.Fatal(err)
	}
	return meter.Measure(), loudness.Measure{
		IntegratedLUFS: number(t, `I:\s+(\S+) LUFS`, log.Bytes()),
		TruePeakDB:     number(t, `Peak:\s+(\S+) dBFS`, log.Bytes()),
	}
}

func number(t *testing.T, pattern string, log []byte) float64 {
	t.Helper()
	match := regexp.MustCompile(pattern).FindSubmatch(log)
	if match == nil {
		t.Fatalf("no %s in %s", pattern, log)
	}
	x, err := strconv.ParseFloat(string(match[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestMeter_agreesWithFFmpeg(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"English speech":   {"-i", audiotest.Sample(t, "en-10.flac")},
		"Russian speech":   {"-i", audiotest.Sample(t, "ru-07.flac")},
		"a stereo call":    {"-i", audiotest.Sample(t, "stereo-call.flac")},
		"a low tone":       {"-f", "lavfi", "-i", "sine=f=80:r=16000:d=5,afade=d=0.1"},
		"a middle tone":    {"-f", "lavfi", "-i", "sine=f=997:r=16000:d=5,afade=d=0.1"},
		"a high tone":      {"-f", "lavfi", "-i", "sine=f=4100:r=16000:d=5,afade=d=0.1"},
		"pink noise":       {"-f", "lavfi", "-i", "anoisesrc=r=16000:c=pink:a=0.5:s=7:d=5"},
		"loud then silent": {"-f", "lavfi", "-i", "sine=f=500:r=16000:d=3,afade=d=0.1,apad=pad_dur=9"},
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			ours, theirs := hear(t, args...)

			if math.Abs(ours.IntegratedLUFS-theirs.IntegratedLUFS) > 0.1 {
				t.Errorf("loudness %.2f LUFS, ffmpeg says %.1f", ours.IntegratedLUFS, theirs.IntegratedLUFS)
			}
			if math.Abs(ours.TruePeakDB-theirs.TruePeakDB) > 0.2 {
				t.Errorf("true peak %.2f dB, ffmpeg says %.1f", ours.TruePeakDB, theirs.TruePeakDB)
			}
		})
	}
}

func TestMeter_findsPeaksBetweenSamples(t *testing.T) {
	t.Parallel()
	// A quarter of the sample rate, sampled 45° off its peaks: every sample is
	// 3 dB below them.
	samples := make([]int16, pcm.Rate)
	for i := range samples {
		fade := min(1, float64(i)/1000)
		samples[i] = int16(math.Round(20000 * fade * math.Sin(math.Pi/4+math.Pi/2*float64(i))))
	}
	meter := loudness.NewMeter()

	meter.Take(samples)

	if want, got := 20*math.Log10(20000.0/pcm.FullScale), meter.Measure().TruePeakDB; math.Abs(got-want) > 0.05 {
		t.Errorf("true peak %.2f dB, want %.2f", got, want)
	}
}

func TestGainDB_aimsAtTheTargetBelowTheCeiling(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		measure loudness.Measure
		want    float64
	}{
		{"quiet speech is raised", loudness.Measure{IntegratedLUFS: -30, TruePeakDB: -20}, 14},
		{"loud speech is lowered", loudness.Measure{IntegratedLUFS: -9, TruePeakDB: 0.5}, -7},
		{"a peak holds it back", loudness.Measure{IntegratedLUFS: -30, TruePeakDB: -5}, 3.5},
		{"silence stays", loudness.Measure{IntegratedLUFS: loudness.SilentLUFS, TruePeakDB: -120}, 0},
	}
	for _, tc := range cases {
		if got := tc.measure.GainDB(); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: %.2f dB, want %.2f", tc.name, got, tc.want)
		}
	}
}

func TestMeter_ofSilenceIsSilent(t *testing.T) {
	t.Parallel()
	meter := loudness.NewMeter()

	meter.Take(make([]int16, 3*pcm.Rate))

	want := loudness.Measure{IntegratedLUFS: loudness.SilentLUFS, TruePeakDB: -120}
	if got := meter.Measure(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func BenchmarkMeter(b *testing.B) {
	samples := make([]int16, pcm.Rate)
	for i := range samples {
		samples[i] = int16(9000 * math.Sin(float64(i)/9) * math.Sin(float64(i)/4000))
	}
	meter := loudness.NewMeter()
	for b.Loop() {
		meter.Take(samples)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "audio-s/s")
}
