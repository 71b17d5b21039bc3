package silence_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/silence"
)

// part is a stretch of a made-up recording: a voice, a noise, or both.
type part struct {
	ms           int
	voice, noise float64 // dBFS; 0 for none
}

// record makes PCM of the parts, on top of a constant offset.
func record(offset float64, parts ...part) []int16 {
	random := rand.New(rand.NewPCG(1, 2))
	var samples []int16
	for _, p := range parts {
		for range p.ms * pcm.SamplesPerMs {
			x := offset
			if p.voice < 0 {
				x += amplitude(p.voice) * math.Sqrt2 * math.Sin(2*math.Pi*300*float64(len(samples))/pcm.Rate)
			}
			if p.noise < 0 {
				x += amplitude(p.noise) * random.NormFloat64()
			}
			samples = append(samples, int16(math.Round(x)))
		}
	}
	return samples
}

func amplitude(db float64) float64 { return pcm.FullScale * math.Pow(10, db/20) }

func TestMap_findsSpeech(t *testing.T) {
	t.Parallel()
	second := segment.Span{StartMs: 1000, EndMs: 2000}
	cases := []struct {
		name   string
		offset float64
		gain   float64
		parts  []part
		want   []segment.Span
	}{
		{name: "digital silence holds none", parts: []part{{ms: 5000}}},
		{name: "a quiet room holds none", parts: []part{{ms: 5000, noise: -60}}},
		{name: "a quiet room holds none, whatever gain it would get", gain: 44, parts: []part{{ms: 5000, noise: -60}}},
		{
			name: "a quiet room that a phone system mutes in between holds none", gain: 44,
			parts: []part{{ms: 2000, noise: -60}, {ms: 2000}, {ms: 2000, noise: -60}},
		},
		{
			name: "a quiet recording that gets gain", gain: 40,
			parts: []part{{ms: 1000, noise: -80}, {ms: 1000, voice: -60, noise: -80}, {ms: 1000, noise: -80}},
			want:  []segment.Span{second},
		},
		{
			name:  "a quiet recording that cannot get gain, for something in it is loud, holds none",
			parts: []part{{ms: 1000, noise: -80}, {ms: 1000, voice: -60, noise: -80}, {ms: 1000, noise: -80}},
		},
		{
			name: "a quiet recording without pauses, the soft parts too", gain: 40,
			parts: []part{{ms: 2000, voice: -55}, {ms: 200, voice: -75}, {ms: 200, voice: -55}, {ms: 200, voice: -75}, {ms: 400, voice: -55}},
			want:  []segment.Span{{StartMs: 0, EndMs: 3000}},
		},
		{name: "a constant offset is no sound", offset: 2000, parts: []part{{ms: 5000}}},
		{
			name:  "between digital silence",
			parts: []part{{ms: 1000}, {ms: 1000, voice: -20}, {ms: 1000}}, want: []segment.Span{second},
		},
		{
			name:  "over a loud noise",
			parts: []part{{ms: 1000, noise: -40}, {ms: 1000, voice: -18, noise: -40}, {ms: 1000, noise: -40}},
			want:  []segment.Span{second},
		},
		{
			name: "over a loud noise that a phone system mutes in between",
			parts: []part{
				{ms: 500}, {ms: 500, noise: -40}, {ms: 1000, voice: -18, noise: -40}, {ms: 1000, noise: -40}, {ms: 2000},
			},
			want: []segment.Span{second},
		},
		{
			name: "a pause under a tenth of a second does not end it",
			parts: []part{
				{ms: 1000, noise: -60}, {ms: 500, voice: -20}, {ms: 90, noise: -60}, {ms: 410, voice: -20},
				{ms: 1000, noise: -60},
			},
			want: []segment.Span{second},
		},
		{
			name:  "a click is none",
			parts: []part{{ms: 1000, noise: -60}, {ms: 40, voice: -10}, {ms: 2000, noise: -60}},
		},
		{
			name:  "without any pause all of it is speech, the soft parts too",
			parts: []part{{ms: 3000, voice: -15}, {ms: 200, voice: -35}, {ms: 3000, voice: -18}},
			want:  []segment.Span{{StartMs: 0, EndMs: 6200}},
		},
		{
			name:  "up to the last sample",
			parts: []part{{ms: 1000}, {ms: 503, voice: -20}},
			want:  []segment.Span{{StartMs: 1000, EndMs: 1510}},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var track silence.Track

			track.Take(record(tc.offset, tc.parts...))
			found := track.Map(tc.gain)

			if !slices.Equal(found.Speech, tc.want) {
				t.Errorf("got %v above %.1f dB, want %v", found.Speech, found.SilenceDB, tc.want)
			}
		})
	}
}

func TestMap_setsTheThresholdAboveTheNoise(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name             string
		parts            []part
		floor, threshold float64
	}{
		{"a studio", []part{{ms: 3000, noise: -70}, {ms: 3000, voice: -20}}, -70, -50},
		{"an office", []part{{ms: 3000, noise: -48}, {ms: 3000, voice: -20, noise: -48}}, -48, -42},
		{"a factory", []part{{ms: 3000, noise: -38}, {ms: 3000, voice: -20, noise: -38}}, -38, -35},
		{"speech alone", []part{{ms: 6000, voice: -20}}, -120, -50},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var track silence.Track

			track.Take(record(0, tc.parts...))
			found := track.Map(0)

			if math.Abs(found.NoiseFloorDB-tc.floor) > 2 || math.Abs(found.SilenceDB-tc.threshold) > 2 {
				t.Errorf("floor %.1f dB, threshold %.1f dB; want %.0f and %.0f",
					found.NoiseFloorDB, found.SilenceDB, tc.floor, tc.threshold)
			}
		})
	}
}
