package openai

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// dataURL is what a sample of a voice begins with.
const dataURL = "data:"

// text is the value of a field, the last if it was sent several times.
func (f fields) text(name string) string {
	values := f[name]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// list is the values of a field in all spellings that clients have for lists: name[]
// or name several times, name[0] and so on, and JSON in one name. Empty values are
// left out.
func (f fields) list(name string) []string {
	var values []string
	add := func(more ...string) {
		for _, value := range more {
			if value != "" {
				values = append(values, value)
			}
		}
	}
	add(f[name+"[]"]...)
	for n := 0; len(f[fmt.Sprintf("%s[%d]", name, n)]) > 0; n++ {
		add(f[fmt.Sprintf("%s[%d]", name, n)]...)
	}
	for _, value := range f[name] {
		var inside []string
		if strings.HasPrefix(value, "[") && json.Unmarshal([]byte(value), &inside) == nil {
			add(inside...)
		} else {
			add(value)
		}
	}
	return values
}

// words is list for values that are single words, which may stand in one value with
// commas between them too.
func (f fields) words(name string) []string {
	var values []string
	for _, value := range f.list(name) {
		for word := range strings.SplitSeq(value, ",") {
			if word = strings.TrimSpace(word); word != "" {
				values = append(values, word)
			}
		}
	}
	return values
}

// flag reads true, false, and nothing as false.
func (f fields) flag(name string) (bool, error) {
	raw := strings.ToLower(strings.TrimSpace(f.text(name)))
	if raw == "" || raw == "null" {
		return false, nil
	}
	on, err := strconv.ParseBool(raw)
	if err != nil {
		return false, invalidField(name, "The field "+name+" is true or false.")
	}
	return on, nil
}

// number reads a number within a range; nothing is 0.
func (f fields) number(name string, from, to float64) (float64, error) {
	raw := strings.TrimSpace(f.text(name))
	if raw == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(raw, 64)
	if err != nil || !(n >= from && n <= to) {
		return 0, invalidField(name, fmt.Sprintf("The field %s is a number from %v to %v.", name, from, to))
	}
	return n, nil
}

func missing(name string) error {
	return problem.With(fault.New(fault.Invalid, "missing_field", "The field "+name+" is missing."), "field", name)
}

func invalidField(name, message string) error {
	return problem.With(fault.New(fault.Invalid, "invalid_field", message), "field", name)
}
