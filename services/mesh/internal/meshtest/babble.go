package meshtest

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/transcript"
)

// Sounds is how many different words Babble is made of.
const Sounds = 40

// Babbled is a made recording in which only the scripted engine hears words.
type Babbled struct {
	Path  string
	Words []Sound
}

// Sound is one word of it.
type Sound struct {
	Sound int     // which of Sounds
	Start float64 // seconds
}

// Babble makes bursts of sound with gaps of 70 to 90 ms, too short to be silence,
// over low noise. Equal sounds have equal samples.
func Babble(t testing.TB, seconds float64, seed uint64) Babbled {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 2))
	sounds := make([][]int16, Sounds)
	for i := range sounds {
		sounds[i] = make([]int16, sampleRate*(150+random.IntN(200))/1000)
		for j := range sounds[i] {
			sounds[i][j] = int16((2*random.IntN(2) - 1) * (2000 + random.IntN(4000)))
		}
	}
	made := Babbled{Path: filepath.Join(t.TempDir(), "babble.wav")}
	var pcm []int16
	for float64(len(pcm))/sampleRate < seconds {
		gap := make([]int16, sampleRate*(70+random.IntN(20))/1000)
		addNoise(random, gap, -66)
		pcm = append(pcm, gap...)
		sound := random.IntN(Sounds)
		made.Words = append(made.Words, Sound{Sound: sound, Start: float64(len(pcm)) / sampleRate})
		pcm = append(pcm, sounds[sound]...)
	}
	writeWAV(t, made.Path, pcm)
	return made
}

// Plain is a word without its case and punctuation.
func Plain(word string) string { return transcript.Normalise(word) }
