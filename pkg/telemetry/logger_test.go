package telemetry_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/telemetry"
)

func TestNewLogger_writesTheFormatFromTheLevelUp(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var out strings.Builder
		log, err := telemetry.NewLogger(&out, format, "warn")
		if err != nil {
			t.Fatal(err)
		}
		log.Info("not shown")
		log.Warn("shown", "job", "x")
		if strings.Contains(out.String(), "not shown") || !strings.Contains(out.String(), "shown") {
			t.Errorf("%s: got %q", format, out.String())
		}
		if isJSON := json.Valid([]byte(out.String())); isJSON != (format == "json") {
			t.Errorf("%s: got %q", format, out.String())
		}
	}
}

func TestNewLogger_saysWhatItTakes(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"xml", "info"}, {"", "info"}, {"text", "loud"}, {"text", ""}} {
		if _, err := telemetry.NewLogger(&strings.Builder{}, c[0], c[1]); err == nil || !strings.Contains(err.Error(), "it is") {
			t.Errorf("%v: got %v", c, err)
		}
	}
}
