package enginetest_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScriptedEngine_keepsTheContract(t *testing.T) {
	t.Parallel()
	binary := enginetest.Scripted(t)
	for language, script := range map[string]string{
		"en": `{"speed": 60, "detect": {"en": 0.7, "ru": 0.3}}`,
		"ru": `{"speed": 60, "detect": {"en": 0.1, "ru": 0.9}}`,
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			enginetest.Run(t, func(t testing.TB) *engine.Process {
				return start(t, binary, enginetest.ScriptedModel(t, script))
			}, []enginetest.Window{
				{Language: language, PCM: enginetest.Bursts(1, 60)},
				{Language: language, PCM: enginetest.Bursts(2, 7)},
				{Language: language, PCM: enginetest.Bursts(3, 12)},
			})
		})
	}
}

func TestWhisperEngine_keepsTheContract(t *testing.T) {
	t.Parallel()
	binary, model := enginetest.Whisper(t), enginetest.DemoModel(t)
	var windows []enginetest.Window
	for _, name := range []string{"ru-02.flac", "en-01.flac", "en-06.flac"} {
		windows = append(windows, enginetest.FirstSentence(t, name))
	}

	enginetest.Run(t, func(t testing.TB) *engine.Process {
		return start(t, binary, model)
	}, windows)
}

// start returns a ready engine with two slots.
func start(t testing.TB, binary, model string) *engine.Process {
	t.Helper()
	// A loaded machine must not make a good engine look stuck.
	p, err := engine.Start(context.Background(), engine.Config{
		Binary: binary, Model: model, Slots: 2, Threads: 1,
		CancelGrace: time.Minute, StopGrace: time.Minute,
		Log: testkit.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
