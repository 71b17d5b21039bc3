// Package catalog names the speech models Stenomesh knows: what they are called,
// what their file must look like to the byte, and where it comes from.
//
// A model outside the catalogue is never loaded, because a model file is as good
// as code to the engine that reads it. The gateway asks the catalogue whether a
// model exists, the transcriber loads from it (see Store), and the command-line
// client fetches what is missing (see Puller).
package catalog

import (
	"bytes"
	_ "embed" // for the built-in catalogue
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// builtin is the one source of the catalogue; deploy/models/catalog.yaml is a
// link to it.
//
//go:embed catalog.yaml
var builtin []byte

// Catalog is a checked list of models. It does not change after it was read and
// may be used by any number of goroutines.
type Catalog struct {
	models []Model
	byName map[string]int // lower-case name or alias -> index in models
}

// Default returns the catalogue built into the program.
func Default() (*Catalog, error) {
	c, err := Parse(builtin)
	if err != nil {
		return nil, fmt.Errorf("read the built-in catalogue: %w", err)
	}
	return c, nil
}

// Load reads a catalogue from a file.
func Load(path string) (*Catalog, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	c, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read catalogue %s: %w", path, err)
	}
	return c, nil
}

// Parse reads a catalogue from YAML. Unknown fields, a second document, and any
// model that is not valid or clashes with another are errors.
func Parse(data []byte) (*Catalog, error) {
	var file struct {
		Models []Model `yaml:"models"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("parse yaml: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("parse yaml: more than one document")
	}
	return New(file.Models...)
}

// New makes a catalogue of these models and checks them.
func New(models ...Model) (*Catalog, error) {
	c := &Catalog{models: slices.Clone(models), byName: map[string]int{}}
	if len(models) == 0 {
		return nil, errors.New("no models")
	}
	files := map[string]string{}
	for i, m := range c.models {
		if err := m.validate(); err != nil {
			return nil, fmt.Errorf("model %q: %w", m.Name, err)
		}
		if other, taken := files[m.File]; taken {
			return nil, fmt.Errorf("model %q: file %s belongs to %q", m.Name, m.File, other)
		}
		files[m.File] = m.Name
		if err := c.claimNames(i); err != nil {
			return nil, fmt.Errorf("model %q: %w", m.Name, err)
		}
	}
	return c, nil
}

func (c *Catalog) claimNames(i int) error {
	m := c.models[i]
	for _, name := range append([]string{m.Name}, m.Aliases...) {
		key := strings.ToLower(name)
		if other, taken := c.byName[key]; taken {
			return fmt.Errorf("name %q belongs to %q already", name, c.models[other].Name)
		}
		c.byName[key] = i
	}
	return nil
}

// Find returns the model with this name or alias, whatever its case. The error is
// a fault of kind NotFound with code "model_not_found".
func (c *Catalog) Find(name string) (Model, error) {
	i, ok := c.byName[strings.ToLower(name)]
	if !ok {
		return Model{}, fault.New(fault.NotFound, "model_not_found",
			"There is no model of this name; GET /api/v1/models lists what there is.")
	}
	return c.models[i], nil
}

// Models returns all models in the order of the file.
func (c *Catalog) Models() []Model { return slices.Clone(c.models) }

// Names returns the names of all models, in the order of the catalogue.
func (c *Catalog) Names() []string {
	names := make([]string, len(c.models))
	for i, m := range c.models {
		names[i] = m.Name
	}
	return names
}
