//go:build whisper

package whisper

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper/whispertest"
)

// newModel loads the demonstration model for one test.
func newModel(t testing.TB, slots int) *Model {
	t.Helper()
	m, err := Load(Config{ModelPath: whispertest.ModelPath(t), Slots: slots, Threads: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func samplesOf(t testing.TB, s whispertest.Sample) []float32 {
	t.Helper()
	samples, err := DecodePCM(s.PCM)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func mustTranscribe(t testing.TB, m *Model, s whispertest.Sample, options Options) []Segment {
	t.Helper()
	options.Language = s.Language
	r, err := m.Transcribe(t.Context(), samplesOf(t, s), options)
	if err != nil {
		t.Fatalf("transcribe %s: %v", s.Name, err)
	}
	return r.Segments
}

func textOf(segments []Segment) string {
	var texts []string
	for _, s := range segments {
		texts = append(texts, s.Text)
	}
	return strings.Join(texts, " ")
}

func TestLoad_reportsTheModel(t *testing.T) {
	t.Parallel()

	info := newModel(t, 2).Info()

	if info.ModelType != "tiny" || !info.Multilingual || info.Slots != 2 || info.LoadTime <= 0 {
		t.Errorf("info is %+v, want a tiny multilingual model in two slots", info)
	}
	if len(info.Languages) != 99 || !slices.Contains(info.Languages, "ru") {
		t.Errorf("%d languages, want the 99 of a vocabulary of 51865", len(info.Languages))
	}
	if info.GPU || !slices.ContainsFunc(info.Devices, func(d Device) bool { return d.Name == info.Device && d.Kind == "cpu" }) {
		t.Errorf("device is %q of %+v, want the processor", info.Device, info.Devices)
	}
}

func TestLoad_refusesWhatIsNoModel(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(text, []byte(strings.Repeat("no model\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]Config{
		"no such file":    {ModelPath: filepath.Join(t.TempDir(), "none.bin"), Slots: 1},
		"not a model":     {ModelPath: text, Slots: 1},
		"no slots":        {ModelPath: whispertest.ModelPath(t)},
		"no such backend": {ModelPath: whispertest.ModelPath(t), Slots: 1, BackendsDir: filepath.Join(t.TempDir(), "none")},
	}
	for name, config := range cases {
		t.Run(name, func(t *testing.T) {
			config.Logger = slog.New(slog.DiscardHandler)

			m, err := Load(config)

			if err == nil {
				m.Close()
				t.Error("the model was loaded")
			}
		})
	}
}

func TestDetect_tellsEnglishFromRussian(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	for _, name := range []string{"en-01", "en-10", "ru-02", "ru-11"} {
		s := whispertest.Load(t, name)
		got, err := m.Detect(t.Context(), samplesOf(t, s), []string{"de", "ru", "en"})

		if err != nil || len(got) != 3 || got[0].Language != s.Language || got[0].Probability < 0.9 {
			t.Errorf("%s: %v, %v; want %s first, of three", s.Name, got, err, s.Language)
		}
	}
}

func TestDetect_refusesBadRequests(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	second := make([]float32, SampleRate)

	_, short := m.Detect(t.Context(), second[:MinSamples-1], []string{"en", "ru"})
	_, unknown := m.Detect(t.Context(), second, []string{"en", "xx"})
	_, none := m.Detect(t.Context(), second, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, cancelled := m.Detect(ended, second, []string{"en", "ru"})

	if !errors.Is(short, ErrInvalid) || !errors.Is(unknown, ErrInvalid) || !errors.Is(none, ErrInvalid) {
		t.Errorf("errors are %v, %v, %v; want ErrInvalid", short, unknown, none)
	}
	if !errors.Is(cancelled, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", cancelled)
	}
}

func TestDetect_leavesNoTraceInTheState(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	english, russian := whispertest.Load(t, "en-01"), whispertest.Load(t, "ru-02")
	before := mustTranscribe(t, m, english, Options{})

	if _, err := m.Detect(t.Context(), samplesOf(t, russian), []string{"en", "ru"}); err != nil {
		t.Fatal(err)
	}

	if after := mustTranscribe(t, m, english, Options{}); !reflect.DeepEqual(after, before) {
		t.Errorf("after a detection: %v, before: %v", after, before)
	}
}

func TestTranscribe_waitsForASlotUntilTheCallerLeaves(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	s, err := m.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()

	_, err = m.Transcribe(ctx, make([]float32, SampleRate), Options{Language: "en"})

	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want the caller's deadline", err)
	}
	m.giveBack(s)
}
