package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// samplesFile is the table of what is said in the bundled recordings.
const samplesFile = "samples.tsv"

// sample is a bundled recording.
type sample struct {
	name string // of the file
	path string
	text string // what is said in it
}

// readSamples returns the samples with these names, in this order.
func readSamples(folder string, names []string) ([]sample, error) {
	table, err := os.ReadFile(filepath.Join(folder, samplesFile))
	if err != nil {
		return nil, fmt.Errorf("read the references (run this at the top of the project): %w", err)
	}
	texts, err := referenceTexts(string(table))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", samplesFile, err)
	}
	samples := make([]sample, 0, len(names))
	for _, name := range names {
		text, ok := texts[name]
		if !ok {
			return nil, fmt.Errorf("%s says nothing about %q", samplesFile, name)
		}
		samples = append(samples, sample{name: name, path: filepath.Join(folder, name), text: text})
	}
	return samples, nil
}

// referenceTexts reads the columns file and text of a table whose first row names
// the columns.
func referenceTexts(table string) (map[string]string, error) {
	header, rows, _ := strings.Cut(strings.TrimSpace(table), "\n")
	column := map[string]int{}
	for i, name := range strings.Split(header, "\t") {
		column[name] = i
	}
	file, hasFile := column["file"]
	text, hasText := column["text"]
	if !hasFile || !hasText {
		return nil, fmt.Errorf("no columns file and text in %q", header)
	}
	texts := map[string]string{}
	for row := range strings.Lines(rows) {
		cells := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if len(cells) != len(column) {
			return nil, fmt.Errorf("%d cells instead of %d in %q", len(cells), len(column), row)
		}
		texts[cells[file]] = cells[text]
	}
	return texts, nil
}
