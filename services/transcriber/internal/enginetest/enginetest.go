// Package enginetest holds what every engine must do: a suite that any program
// behind engine/v1 has to pass (Run), and what tests need to run engines: the
// scripted engine, the real one with the demo model, and audio for both.
package enginetest

import (
	"testing"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
)

// Window is a piece of audio with speech in it.
type Window struct {
	Language string // what is spoken, ISO 639-1
	PCM      []byte // s16le at 16 kHz, at most 30 s
}

// Run checks that the engine keeps the contract. start must return a ready process
// with at least two slots; the suite closes it. There must be three windows or
// more; each must take the engine some tenths of a second, so that it can be
// cancelled on the way.
func Run(t *testing.T, start func(t testing.TB) *engine.Process, windows []Window) {
	t.Helper()
	if len(windows) < 3 {
		t.Fatalf("the suite needs three windows, got %d", len(windows))
	}
	reference := &suite{Process: start(t), windows: windows}
	hearsTheSpeech(t, reference)
	reference.mustClose(t)
	stories := []struct {
		name string
		tell func(t *testing.T, e *suite)
	}{
		{"reports what it loaded", reportsWhatItLoaded},
		{"gives the same result however it was used before", sameAfterOtherWork},
		{"gives the same result on a fresh state", sameOnFreshState},
		{"gives the same result beside other calls", sameBesideOthers},
		{"finds nothing in silence", nothingInSilence},
		{"takes windows of every allowed length", everyAllowedLength},
		{"takes a long prompt", longPrompt},
		{"goes by prompt and keywords", goesByThePrompt},
		{"heeds the first keywords and the end of the text", heedsWhatFits},
		{"takes the task to translate", translates},
		{"refuses a bad window", refusesBadWindow},
		{"refuses bad options", refusesBadOptions},
		{"names the most probable language first", detectsLanguage},
		{"refuses bad candidates", refusesBadCandidates},
		{"tells its memory", tellsMemory},
		{"stops a cancelled call", stopsCancelledCall},
		{"stops when its deadline is over", stopsAtDeadline},
		{"stops a call that waits for a slot", stopsWaitingCall},
	}
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			e := &suite{Process: start(t), windows: windows, expected: reference.expected}
			defer e.mustClose(t)
			story.tell(t, e)
		})
	}
	t.Run("ends when its parent's pipe closes", func(t *testing.T) {
		t.Parallel()
		endsWithPipe(t, start(t))
	})
}

// suite is one engine under test.
type suite struct {
	*engine.Process
	windows  []Window
	expected []*enginev1.TranscribeResponse // what another process heard in them
}

func (e *suite) mustClose(t *testing.T) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
