//go:build whisper

package whisper

import (
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper/whispertest"
)

// BenchmarkTranscribe decodes windows as the transcriber packs them, nearly
// thirty seconds of speech each, in one slot of one thread.
func BenchmarkTranscribe(b *testing.B) {
	windows := map[string][]string{"en": {"en-10", "en-06"}, "ru": {"ru-11", "ru-05"}}
	for language, names := range windows {
		b.Run(language, func(b *testing.B) {
			var samples []float32
			for _, name := range names {
				samples = append(samples, samplesOf(b, whispertest.Load(b, name))...)
			}
			m := newModel(b, 1)
			before := processorTime(b)
			for b.Loop() {
				if _, err := m.Transcribe(b.Context(), samples, Options{Language: language}); err != nil {
					b.Fatal(err)
				}
			}
			seconds := float64(len(samples)) / SampleRate * float64(b.N)
			b.ReportMetric(seconds/b.Elapsed().Seconds(), "audio_s/s")
			b.ReportMetric(seconds/(processorTime(b)-before).Seconds(), "audio_s/cpu_s")
		})
	}
}

// BenchmarkTranscribe_twoSlots decodes the same windows side by side.
func BenchmarkTranscribe_twoSlots(b *testing.B) {
	samples := samplesOf(b, whispertest.Load(b, "en-10"))
	samples = append(samples, samplesOf(b, whispertest.Load(b, "en-06"))...)
	m := newModel(b, 2)
	b.SetParallelism(1)

	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := m.Transcribe(b.Context(), samples, Options{Language: "en"}); err != nil {
				b.Error(err)
			}
		}
	})
	seconds := float64(len(samples)) / SampleRate * float64(b.N)
	b.ReportMetric(seconds/b.Elapsed().Seconds(), "audio_s/s")
}

// processorTime is what this process has used; unlike the clock it does not
// depend on what else the machine does.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
