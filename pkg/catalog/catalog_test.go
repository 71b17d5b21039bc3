package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
)

// valid is one good entry that the cases below spoil.
const valid = `models:
  - name: demo
    file: demo.bin
    aliases: [toy]
    bytes: 5
    sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    languages: [en, "no"]
    source: https://example.org/demo.bin
    licence: MIT
    description: For tests.
`

func TestDefault_knowsTheNamesClientsUse(t *testing.T) {
	t.Parallel()

	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}

	for name, want := range map[string]string{
		"demo":              "demo",
		"whisper-1":         "large-v3-turbo",
		"whisper-turbo":     "large-v3-turbo",
		"gpt-4o-transcribe": "large-v3-turbo",
		"Whisper-Large-V3":  "large-v3",
		"small":             "small",
	} {
		m, err := c.Find(name)
		if err != nil {
			t.Fatalf("Find(%q): %v", name, err)
		}
		if m.Name != want {
			t.Errorf("Find(%q) = %q, want %q", name, m.Name, want)
		}
		if !m.Speaks("ru") || m.Speaks("xx") {
			t.Errorf("%s: languages are %v", m.Name, m.Languages)
		}
	}
}

func TestDefault_describesTheBundledModelAsItIs(t *testing.T) {
	t.Parallel()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := c.Find("demo")
	if err != nil {
		t.Fatal(err)
	}

	path, err := catalog.NewStore("../../deploy/models").Verified(t.Context(), demo)

	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(path) != demo.File {
		t.Errorf("found %s, want %s", path, demo.File)
	}
}

func TestLoad_readsTheFileOperatorsSee(t *testing.T) {
	t.Parallel()
	builtin, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}

	seen, err := catalog.Load("../../deploy/models/catalog.yaml")

	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Models()) != len(builtin.Models()) {
		t.Errorf("deploy/models/catalog.yaml has %d models, the program %d",
			len(seen.Models()), len(builtin.Models()))
	}
}

func TestFind_saysThatAModelIsUnknown(t *testing.T) {
	t.Parallel()
	c, err := catalog.Parse([]byte(valid))
	if err != nil {
		t.Fatal(err)
	}

	_, err = c.Find("whisper-9")

	if !fault.Is(err, fault.NotFound) || fault.Of(err).Code != "model_not_found" {
		t.Errorf("Find of an unknown name: %v", err)
	}
}

func TestParse_refusesWhatIsNotACatalogue(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ old, replacement, want string }{
		"no models":           {valid, "models: []\n", "no models"},
		"empty file":          {valid, "", "EOF"},
		"unknown field":       {"licence:", "license:", "field license not found"},
		"second document":     {"models:", "---\nmodels: []\n---\nmodels:", "more than one document"},
		"alias taken":         {"[toy]", "[toy, DEMO]", "belongs to"},
		"bad name":            {"name: demo", "name: a b", "name"},
		"path in file":        {"file: demo.bin", "file: ../demo.bin", "plain file name"},
		"no size":             {"bytes: 5", "bytes: 0", "bytes"},
		"short sum":           {"2cf24d", "2cf24", "sha256"},
		"upper-case sum":      {"2cf24d", "2CF24D", "sha256"},
		"no languages":        {`[en, "no"]`, "[]", "languages"},
		"language twice":      {`[en, "no"]`, "[en, en]", "twice"},
		"not a language":      {`[en, "no"]`, "[english]", "language"},
		"source without TLS":  {"https://", "http://", "https"},
		"source with secrets": {"https://", "https://me:secret@", "https"},
		"no licence":          {"licence: MIT", `licence: ""`, "licence"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spoiled := strings.Replace(valid, c.old, c.replacement, 1)

			_, err := catalog.Parse([]byte(spoiled))

			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one about %q", err, c.want)
			}
		})
	}
}

func TestNew_refusesTwoModelsWithOneFile(t *testing.T) {
	t.Parallel()
	c, err := catalog.Parse([]byte(valid))
	if err != nil {
		t.Fatal(err)
	}
	twin := c.Models()[0]
	twin.Name, twin.Aliases = "twin", nil

	_, err = catalog.New(c.Models()[0], twin)

	if err == nil || !strings.Contains(err.Error(), "demo.bin belongs to") {
		t.Errorf("error is %v", err)
	}
}

func TestLoad_tellsWhichFileIsBroken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte("models: 7"), 0o600); err != nil {
		t.Fatal(err)
	}

	_, err := catalog.Load(path)

	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v, want one that names %s", err, path)
	}
}
