package whisper

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var twoLanguages = []string{"en", "ru"}

func TestOptions_refusesWhatIsOutOfRange(t *testing.T) {
	t.Parallel()
	cases := map[string]Options{
		"no language":        {},
		"unknown language":   {Language: "tlh"},
		"language by name":   {Language: "english"},
		"negative beam":      {Language: "en", BeamSize: -1},
		"beam too wide":      {Language: "en", BeamSize: 9},
		"temperature low":    {Language: "en", Temperature: -0.1},
		"temperature high":   {Language: "en", Temperature: 1.1},
		"temperature NaN":    {Language: "en", Temperature: float32(math.NaN())},
		"prompt not UTF-8":   {Language: "en", Prompt: "\xff"},
		"prompt with a zero": {Language: "en", Prompt: "a\x00b"},
	}
	for name, options := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := options.checked(twoLanguages)

			if !errors.Is(err, ErrInvalid) {
				t.Errorf("error is %v, want ErrInvalid", err)
			}
		})
	}
}

func TestOptions_fillsDefaults(t *testing.T) {
	t.Parallel()

	plain, err := Options{Language: "ru"}.checked(twoLanguages)
	if err != nil {
		t.Fatal(err)
	}
	sampled, err := Options{Language: "ru", Temperature: 0.2, BeamSize: 1}.checked(twoLanguages)
	if err != nil {
		t.Fatal(err)
	}

	if plain.BeamSize != 5 || plain.FreshState {
		t.Errorf("defaults are %+v, want a beam of 5 on a used state", plain)
	}
	if sampled.BeamSize != 1 || !sampled.FreshState {
		t.Errorf("sampling is %+v, want a beam of 1 on a fresh state", sampled)
	}
}

func TestOptions_keepsTheEndOfALongPrompt(t *testing.T) {
	t.Parallel()
	prompt := strings.Repeat("слово ", 2000) + "конец"

	got, err := Options{Language: "ru", Prompt: prompt}.checked(twoLanguages)
	if err != nil {
		t.Fatal(err)
	}

	if len(got.Prompt) > maxPromptBytes || !utf8.ValidString(got.Prompt) || !strings.HasSuffix(prompt, got.Prompt) {
		t.Errorf("prompt of %d bytes is not the end of the given one", len(got.Prompt))
	}
}

func TestDecodePCM_givesSamplesBetweenMinusOneAndOne(t *testing.T) {
	t.Parallel()
	pcm := slices.Repeat([]byte{0x00, 0x80, 0xff, 0x7f}, MinSamples/2)

	got, err := DecodePCM(pcm)
	if err != nil {
		t.Fatal(err)
	}

	if len(got) != MinSamples || got[0] != -1 || got[1] >= 1 || got[1] < 0.9999 {
		t.Errorf("%d samples beginning with %v, want %d from -1 to 1", len(got), got[:2], MinSamples)
	}
}

func TestDecodePCM_refusesWrongLengths(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 2, 2*MinSamples - 2, 2*MinSamples + 1, 2*MaxSamples + 2} {
		if _, err := DecodePCM(make([]byte, size)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%d bytes: error is %v, want ErrInvalid", size, err)
		}
	}
	for _, size := range []int{2 * MinSamples, 2 * MaxSamples} {
		if _, err := DecodePCM(make([]byte, size)); err != nil {
			t.Errorf("%d bytes: error is %v, want none", size, err)
		}
	}
}

func TestDistinct_refusesUnknownAndDropsRepeated(t *testing.T) {
	t.Parallel()

	got, err := distinct([]string{"ru", "en", "ru"}, twoLanguages)
	if err != nil || !slices.Equal(got, []string{"ru", "en"}) {
		t.Errorf("candidates are %v, %v; want ru and en", got, err)
	}

	for _, candidates := range [][]string{nil, {"en", "xx"}, {""}} {
		if _, err := distinct(candidates, twoLanguages); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: error is %v, want ErrInvalid", candidates, err)
		}
	}
}

func TestShare_sumsToOneMostProbableFirst(t *testing.T) {
	t.Parallel()
	model := map[string]float32{"en": 0.1, "ru": 0.3}

	got := share(twoLanguages, func(code string) float32 { return model[code] })
	none := share(twoLanguages, func(string) float32 { return 0 })

	if got[0].Language != "ru" || math.Abs(float64(got[0].Probability)-0.75) > 1e-6 {
		t.Errorf("shares are %v, want ru with 0.75 first", got)
	}
	if none[0].Probability != 0.5 || none[1].Probability != 0.5 {
		t.Errorf("shares are %v, want halves when the model knows nothing", none)
	}
}
