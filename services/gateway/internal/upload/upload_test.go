package upload

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCheckMedia_letsThroughWhatMayBePlayed(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"wav":           "RIFF\x24\x08\x00\x00WAVEfmt ",
		"mp3 with tags": "ID3\x04\x00\x00\x00\x00\x00\x00 only text so far",
		"mp3":           "\xff\xfb\x90\x64\x00\x00",
		"m4a":           "\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00",
		"ogg":           "OggS\x00\x02",
		"flac":          "fLaC\x00\x00\x00\x22",
		"matroska":      "\x1aE\xdf\xa3\x9f\x42\x86",
		"amr":           "#!AMR\n",
		"never seen":    "\x00\x01\x02\x03\x04",
	} {
		if err := checkMedia([]byte(head)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckMedia_refusesWhatSurelyCannot(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"text": "hello", "Russian text": "привет", "html": "  <html>", "xml": "<?xml version='1.0'?>", "json": `{"a":1}`,
		"pdf": "%PDF-1.7\n\x00", "zip": "PK\x03\x04\x14\x00", "program": "MZ\x90\x00\x03", "elf": "\x7fELF\x02\x01",
		"gzip": "\x1f\x8b\x08\x00", "png": "\x89PNG\r\n\x1a\n", "jpeg": "\xff\xd8\xff\xe0\x00",
		"playlist": "#EXTM3U\n", "list of files": "ffconcat version 1.0\n", "mark and text": "\xef\xbb\xbf#EXTM3U",
	} {
		if checkMedia([]byte(head)) == nil {
			t.Errorf("%s is taken for a recording", name)
		}
	}
}

func TestMediaType_prefersWhatIsSaidIfItCanBeMedia(t *testing.T) {
	t.Parallel()
	tests := []struct{ declared, head, name, want string }{
		{"audio/flac", "ID3\x04", "a.mp3", "audio/flac"},
		{"audio/ogg; codecs=opus", "OggS\x00", "a", "audio/ogg"},
		{"text/html", "ID3\x04\x00", "a.mp3", "audio/mpeg"},
		{"", "\x00\x01", "a", "application/octet-stream"},
		{"nonsense", "OggS\x00", "", "application/ogg"},
	}
	for _, tc := range tests {
		if got := mediaType(tc.declared, []byte(tc.head), tc.name); got != tc.want {
			t.Errorf("%q, %q, %q: got %q, want %q", tc.declared, tc.head, tc.name, got, tc.want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, name := range []string{"Запись.mp3", "../../etc/passwd", `C:\a\b.wav`, "a\r\nSet-Cookie: x", "\u202egnp.mp3", "..", strings.Repeat("я", 500)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		name := cleanName(sent)
		bad := func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/\`, r)
		}
		if name == "" || name == "." || name == ".." || !utf8.ValidString(name) || strings.ContainsFunc(name, bad) {
			t.Errorf("%q became %q", sent, name)
		}
		if utf8.RuneCountInString(name) > longestName {
			t.Errorf("name of %d characters", utf8.RuneCountInString(name))
		}
	})
}

func TestCleanName_keepsWhatPeopleSee(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"Запись встречи.mp3": "Запись встречи.mp3", "/tmp/a.wav": "a.wav", `C:\a\b.wav`: "b.wav",
		"": noName, "..": noName, "a\x00b.mp3": "ab.mp3",
	} {
		if got := cleanName(sent); got != want {
			t.Errorf("%q became %q, want %q", sent, got, want)
		}
	}
}
