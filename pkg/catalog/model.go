package catalog

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
)

// Model is one entry of the catalogue.
type Model struct {
	Name        string   `yaml:"name"`        // what jobs ask for, for example "large-v3-turbo"
	File        string   `yaml:"file"`        // file name without folder, for example "ggml-tiny.bin"
	Aliases     []string `yaml:"aliases"`     // other names for it, for example "whisper-1"
	Bytes       int64    `yaml:"bytes"`       // exact size of the file
	SHA256      string   `yaml:"sha256"`      // of the file, 64 lower-case hex digits
	Languages   []string `yaml:"languages"`   // codes it understands (ISO 639-1 where there is one)
	Translates  *bool    `yaml:"translates"`  // whether it translates into English; nil: not known
	Source      string   `yaml:"source"`      // https address of the file; empty: comes with the program
	Licence     string   `yaml:"licence"`     // SPDX identifier
	Description string   `yaml:"description"` // one sentence for people
}

var (
	namePattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	languagePattern = regexp.MustCompile(`^[a-z]{2,3}$`)
)

// Speaks reports whether the model understands the language with this code.
func (m Model) Speaks(language string) bool { return slices.Contains(m.Languages, language) }

// CannotTranslate reports whether the model is known not to translate into English:
// it was not trained to, or knows no other language.
func (m Model) CannotTranslate() bool {
	foreign := func(code string) bool { return code != "en" }
	return m.Translates != nil && !*m.Translates || !slices.ContainsFunc(m.Languages, foreign)
}

func (m Model) validate() error {
	for _, name := range append([]string{m.Name}, m.Aliases...) {
		if !namePattern.MatchString(name) {
			return fmt.Errorf("name %q is not letters, digits, dot, dash and underscore", name)
		}
	}
	if m.File != filepath.Base(m.File) || !namePattern.MatchString(m.File) {
		return fmt.Errorf("file %q is not a plain file name", m.File)
	}
	if m.Bytes <= 0 {
		return fmt.Errorf("bytes is %d", m.Bytes)
	}
	if m.Licence == "" || m.Description == "" {
		return errors.New("licence and description are required")
	}
	if err := validateSum(m.SHA256); err != nil {
		return err
	}
	if err := validateLanguages(m.Languages); err != nil {
		return err
	}
	return validateSource(m.Source)
}

func validateSum(sum string) error {
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != 32 || hex.EncodeToString(raw) != sum {
		return fmt.Errorf("sha256 %q is not 64 lower-case hex digits", sum)
	}
	return nil
}

func validateLanguages(languages []string) error {
	if len(languages) == 0 {
		return errors.New("languages is empty")
	}
	seen := map[string]bool{}
	for _, code := range languages {
		if !languagePattern.MatchString(code) {
			return fmt.Errorf("language %q is not a language code", code)
		}
		if seen[code] {
			return fmt.Errorf("language %q is listed twice", code)
		}
		seen[code] = true
	}
	return nil
}

func validateSource(source string) error {
	if source == "" {
		return nil
	}
	u, err := url.Parse(source)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("source %q is not a plain https address", source)
	}
	return nil
}
