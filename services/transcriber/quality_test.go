package transcriber_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

func TestTranscriber_decodesALoopOnceMoreAndTellsSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	enginetest.SetScript(t, r.model("demo"), `{"rules": [{"do": "say", "call": 1, "text": "five five five five five five five"}]}`)
	p := speak(30_000).say(t, 1, 20)
	record := r.accept(t, &jobv1.Options{Language: "en"}, p)
	r.start(t)

	r.queue(t, record, 0)
	_, said := r.result(t, record, 0)

	p.check(t, said)
	why := said.GetSegments()[0].GetRedecoding()
	if !slices.Equal(why.GetReasons(), []string{"loop"}) || why.GetSettings() != "temperature 0.4" || !why.GetSecondKept() {
		t.Errorf("it tells %v", why)
	}
	if windows, again := r.count("transcribe_window"), r.count("transcribe_again"); windows != 2 || again != 1 {
		t.Errorf("%d windows were decoded, %d of them again", windows, again)
	}
}

func TestTranscriber_keepsBoilerplateWithItsFlags(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	enginetest.SetScript(t, r.model("demo"), `{"rules": [{"do": "say", "text": "Thanks for watching!", "logprob": -1.5, "no_speech": 0.9}]}`)
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 5))
	r.start(t)

	r.queue(t, record, 0)
	_, said := r.result(t, record, 0)

	s := said.GetSegments()[0]
	if got := strings.Join(s.GetFlags(), " "); got != "low_confidence no_speech boilerplate" || s.GetText() != "Thanks for watching!" {
		t.Errorf("%q has the flags %q", s.GetText(), got)
	}
	if s.GetRedecoding() == nil || s.GetRedecoding().GetSecondKept() || r.count("transcribe_again") != 1 {
		t.Errorf("it tells %v, decoded again %d times", s.GetRedecoding(), r.count("transcribe_again"))
	}
}

// A steady tone is no speech, but loud enough for the decoder to make words of it.
func TestTranscriber_flagsWhatAModelMakesOfATone(t *testing.T) {
	t.Parallel()
	r := realRig(t)
	tone := speak(0)
	for n := range 5 * 16_000 {
		tone.pcm = binary.LittleEndian.AppendUint16(tone.pcm, uint16(int16(6000*math.Sin(2*math.Pi*440*float64(n)/16_000))))
	}
	tone.chunk.EndMs = 5_000
	tone.chunk.Speech = []*jobv1.Span{{EndMs: 5_000}}
	options := &jobv1.Options{Language: "en", BeamSize: 1}
	record := r.accept(t, options, tone)
	r.start(t)

	r.queue(t, record, 0)
	_, said := r.result(t, record, 0)

	if len(said.GetSegments()) == 0 {
		t.Fatal("the model keeps silent: this test needs a sound that it makes words of")
	}
	for _, s := range said.GetSegments() {
		if len(s.GetFlags()) == 0 || len(s.GetRedecoding().GetReasons()) == 0 {
			t.Errorf("%q has the flags %v, %v", s.GetText(), s.GetFlags(), s.GetRedecoding())
		}
	}
}
