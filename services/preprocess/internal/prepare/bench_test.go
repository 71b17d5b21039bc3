package prepare_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

// BenchmarkFile prepares an hour of speech in MP3.
func BenchmarkFile(b *testing.B) {
	short := audiotest.Make(b, "mp3", "-i", audiotest.Sample(b, "en-10.flac"), "-ar", "44100", "-ac", "2", "-b:a", "128k")
	path := audiotest.Make(b, "mp3", "-stream_loop", "-1", "-i", short, "-t", "3600", "-c", "copy")
	cfg := config(b)
	var ms int64
	for b.Loop() {
		prepared, err := prepare.File(b.Context(), cfg, prepare.Request{Path: path, Scratch: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		ms += prepared.DurationMs
	}
	b.ReportMetric(float64(ms)/1000/b.Elapsed().Seconds(), "audio-s/s")
}
