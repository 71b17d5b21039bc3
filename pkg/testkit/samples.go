package testkit

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Sample is a recording with its reference.
type Sample struct {
	Name      string // file name, for example "en-01.flac"
	Path      string
	Language  string // ISO 639-1
	Text      string
	Sentences []Sentence
}

// Sentence is one sentence of a sample and when it is said, in seconds.
type Sentence struct {
	Start, End float64
	Text       string
}

// Samples returns the recordings of testdata/audio in one language, or in all
// when language is "".
func Samples(t testing.TB, language string) []Sample {
	t.Helper()
	folder := filepath.Join(Root(t), "testdata", "audio")
	table, err := os.ReadFile(filepath.Join(folder, "samples.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var samples []Sample
	for _, row := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		column := strings.Split(row, "\t")
		if language != "" && column[1] != language {
			continue
		}
		samples = append(samples, Sample{
			Name: column[0], Path: filepath.Join(folder, column[0]), Language: column[1], Text: column[5],
			Sentences: sentences(t, column[6], column[7]),
		})
	}
	return samples
}

// sentences reads "0.32-2.82|4.18-6.51" and "First.|Second.".
func sentences(t testing.TB, times, texts string) []Sentence {
	t.Helper()
	var all []Sentence
	spans := strings.Split(times, "|")
	for i, text := range strings.Split(texts, "|") {
		from, to, _ := strings.Cut(spans[i], "-")
		start, startErr := strconv.ParseFloat(from, 64)
		end, endErr := strconv.ParseFloat(to, 64)
		if startErr != nil || endErr != nil {
			t.Fatalf("bad time %q in samples.tsv", spans[i])
		}
		all = append(all, Sentence{Start: start, End: end, Text: text})
	}
	return all
}
