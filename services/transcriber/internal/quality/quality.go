// Package quality judges what a decoder made of a window, by what the decoder
// says of it, by the text alone, and by the sound underneath. It flags segments
// and never drops one: what a user does not want to see is the user's decision.
// Package worker has a flagged window decoded a second time, and asks Better
// which of the two is kept.
package quality

import (
	"slices"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// The flags of a segment, in the order they are listed in.
const (
	// Loop is for text that repeats itself as a stuck decoder does.
	Loop = "loop"
	// LowConfidence is for words that the decoder itself was not sure of.
	LowConfidence = "low_confidence"
	// NoSpeech is for words where the decoder itself took it that nobody spoke.
	NoSpeech = "no_speech"
	// Boilerplate is for what models write of their own: thanks for watching,
	// credits of subtitles.
	Boilerplate = "boilerplate"
	// LowEnergy is for words where there is next to no sound.
	LowEnergy = "low_energy"
)

// The defaults at which openai/whisper decodes again or leaves a window out
// (compression_ratio_threshold, logprob_threshold and no_speech_threshold of
// transcribe(); Radford et al. 2022, section 4.5). There as here the decoder has
// to be unsure of its words, too, before it is believed that there was no speech.
const (
	repetitive = 2.4
	unsure     = -1.0
	speechless = 0.6
)

// Judge sets the flags of the segments of one window, in place. level tells how
// loud a stretch of the recording is (milliseconds, dBFS), and below quietDB there
// is no speech in it.
func Judge(segments []*jobv1.Segment, level func(startMs, endMs int64) float64, quietDB float64) {
	looped := loops(segments)
	for n, s := range segments {
		low := level(s.GetStartMs(), s.GetEndMs()) < quietDB
		doubtful := s.GetAvgLogprob() < unsure
		silent := s.GetNoSpeechProb() > speechless
		phrase := phraseOf(s.GetText())
		s.Flags = nil
		flag := func(name string, is bool) {
			if is {
				s.Flags = append(s.Flags, name)
			}
		}
		flag(Loop, looped[n] || density(s.GetText()) > repetitive)
		flag(LowConfidence, doubtful)
		flag(NoSpeech, silent && (doubtful || low || phrase != speech))
		flag(Boilerplate, phrase == credit || phrase == courtesy && (silent || doubtful || low))
		flag(LowEnergy, low)
	}
}

// Doubt flags a decoding whose words were drawn as unsure where it has less than
// half of them in common with the likeliest one: out of music or noise a decoder
// draws other words each time, and none of them can be believed.
func Doubt(drawn, likeliest []*jobv1.Segment) {
	words := transcript.Words(transcript.Text(drawn))
	known := transcript.Words(transcript.Text(likeliest))
	common := 0
	for _, word := range words {
		if slices.Contains(known, word) {
			common++
		}
	}
	if 2*common >= len(words) {
		return
	}
	for _, s := range drawn {
		s.Flags = Flags([]*jobv1.Segment{s, {Flags: []string{LowConfidence}}})
	}
}

// Flags returns the flags of all segments, each once, in the order of the
// constants; nil if there are none.
func Flags(segments []*jobv1.Segment) []string {
	var found []string
	for _, name := range []string{Loop, LowConfidence, NoSpeech, Boilerplate, LowEnergy} {
		if slices.ContainsFunc(segments, func(s *jobv1.Segment) bool { return slices.Contains(s.GetFlags(), name) }) {
			found = append(found, name)
		}
	}
	return found
}

// Better reports whether the second of two judged decodings of a window is to be
// kept: it has more words without a flag, or as many and fewer that only repeat
// others, or in both as many and the decoder was surer of them. A decoding without
// words is never better.
func Better(second, first []*jobv1.Segment) bool {
	a, b := measure(second), measure(first)
	switch {
	case a.words == 0:
		return false
	case a.sound != b.sound:
		return a.sound > b.sound
	case a.repeated != b.repeated:
		return a.repeated < b.repeated
	default:
		return a.logprob > b.logprob
	}
}

// measured is what two decodings are compared by.
type measured struct {
	words, sound, repeated int     // all, those without a flag, and those that repeat others
	logprob                float64 // mean over all words
}

func measure(segments []*jobv1.Segment) measured {
	m := measured{repeated: repeated(segments)}
	var sum float64
	for _, s := range segments {
		words := len(transcript.Words(s.GetText()))
		m.words += words
		sum += float64(s.GetAvgLogprob()) * float64(words)
		if len(s.GetFlags()) == 0 {
			m.sound += words
		}
	}
	m.logprob = sum / float64(max(1, m.words))
	return m
}
