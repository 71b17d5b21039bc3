package main

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// What counts as a word. All of it is measured from the samples of the word
// itself, never from the start of the window, so that a word reads the same in
// every window that holds it whole.
const (
	loud        = 328                    // absolute sample value, -40 dB of full scale
	wordGap     = sampleRate * 60 / 1000 // quiet samples that end a word
	sentenceGap = sampleRate * 50 / 100  // quiet samples that end a sentence
	minWord     = sampleRate * 30 / 1000 // a shorter burst is a click
	maxWord     = sampleRate * 40 / 100  // a longer burst is several words
)

// span is a half-open range of samples.
type span struct{ from, to int }

// transcribe tells the sentences in a window. By another prompt (0: none) it is
// more or less sure of the same words.
func transcribe(pcm []int16, language string, prompt uint64) []*enginev1.Segment {
	var sentences []*enginev1.Segment
	var sentence []span
	for _, w := range words(bursts(pcm)) {
		if n := len(sentence); n > 0 && w.from-sentence[n-1].to >= sentenceGap {
			sentences = append(sentences, segment(pcm, sentence, language, prompt))
			sentence = nil
		}
		sentence = append(sentence, w)
	}
	if len(sentence) > 0 {
		sentences = append(sentences, segment(pcm, sentence, language, prompt))
	}
	return sentences
}

// bursts are the stretches of sound between gaps of wordGap, from the first to
// the last loud sample.
func bursts(pcm []int16) []span {
	var found []span
	for i, s := range pcm {
		if s < loud && s > -loud {
			continue
		}
		if n := len(found); n > 0 && i-found[n-1].to < wordGap {
			found[n-1].to = i + 1
		} else {
			found = append(found, span{i, i + 1})
		}
	}
	return found
}

// words drops clicks and cuts long bursts, from their start, into words of
// maxWord; a rest under minWord stays with the word before it.
func words(bursts []span) []span {
	var found []span
	for _, b := range bursts {
		for b.to-b.from >= maxWord+minWord {
			found = append(found, span{b.from, b.from + maxWord})
			b.from += maxWord
		}
		if b.to-b.from >= minWord {
			found = append(found, b)
		}
	}
	return found
}

func segment(pcm []int16, spans []span, language string, prompt uint64) *enginev1.Segment {
	out := &enginev1.Segment{NoSpeechProb: 0.02}
	texts := make([]string, len(spans))
	for i, s := range spans {
		h := hash(rawBytes(pcm[s.from:s.to]))
		texts[i] = spell(h, language)
		if i == 0 {
			texts[i] = capital(texts[i])
		}
		if i == len(spans)-1 {
			texts[i] += "."
		}
		probability := 0.5 + float32((h^prompt)>>40%500)/1000
		out.AvgLogprob += float32(math.Log(float64(probability))) / float32(len(spans))
		out.Words = append(out.Words, &enginev1.Word{
			StartMs: milliseconds(s.from), EndMs: milliseconds(s.to), Text: texts[i], Probability: probability,
		})
	}
	out.StartMs, out.EndMs = out.Words[0].StartMs, out.Words[len(spans)-1].EndMs
	out.Text = strings.Join(texts, " ")
	return out
}

func milliseconds(sample int) int64 { return int64(sample) * 1000 / sampleRate }

var (
	latin    = []string{"ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo", "shu", "ya"}
	cyrillic = []string{"ба", "де", "фи", "го", "ку", "ля", "ме", "ни", "по", "ру", "са", "тё", "ви", "зо", "шу", "я"}
)

// spell makes a word of four syllables from a hash.
func spell(h uint64, language string) string {
	syllables := latin
	if language == "ru" {
		syllables = cyrillic
	}
	var word strings.Builder
	for range 4 {
		word.WriteString(syllables[h%16])
		h /= 16
	}
	return word.String()
}

func capital(word string) string {
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[size:]
}

func hash(parts ...[]byte) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write(p) // a hash takes everything
	}
	return h.Sum64()
}

func samples(pcm []byte) []int16 {
	out := make([]int16, len(pcm)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(pcm[2*i:]))
	}
	return out
}

func rawBytes(pcm []int16) []byte {
	out := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(s))
	}
	return out
}
