package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

// modelWith writes a model with a script beside it.
func modelWith(t *testing.T, script string) string {
	t.Helper()
	model := filepath.Join(t.TempDir(), "model.bin")
	for path, content := range map[string]string{model: "model", model + ".script": script} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return model
}

func mustRead(t *testing.T, model string) script {
	t.Helper()
	s, err := readScript(model)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScript_isEmptyWhereThereIsNone(t *testing.T) {
	t.Parallel()

	s := mustRead(t, filepath.Join(t.TempDir(), "model.bin"))

	if len(s.Rules) != 0 || s.Load != "" || s.Speed != 0 {
		t.Errorf("script is %+v", s)
	}
}

func TestScript_choosesTheFirstRuleThatFits(t *testing.T) {
	t.Parallel()
	model := modelWith(t, `{"rules": [
		{"do": "crash", "call": 3}, {"do": "error", "every": 2, "trace": "/7"}, {"do": "slow", "trace": "job"}]}`)
	s := mustRead(t, model)
	cases := []struct {
		call  int
		trace string
		want  string
	}{
		{3, "job/7", "crash"}, {4, "job/7", "error"}, {5, "job/7", "slow"}, {4, "job/1", "slow"}, {4, "x", ""},
	}
	for _, c := range cases {
		if r, _ := s.ruleFor(model, c.call, c.trace, 1000); r.Do != c.want {
			t.Errorf("call %d of %s: %q, want %q", c.call, c.trace, r.Do, c.want)
		}
	}
}

func TestScript_firesARuleSoManyTimesOverAllProcesses(t *testing.T) {
	t.Parallel()
	model := modelWith(t, `{"rules": [{"do": "crash", "times": 2}]}`)
	for call, want := range []bool{true, true, false, false} {
		s := mustRead(t, model) // as a new process does
		if _, fires := s.ruleFor(model, 1, "", 1000); fires != want {
			t.Errorf("call %d: fires %t, want %t", call, fires, want)
		}
	}
}

func TestScript_refusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"not JSON":       "crash please",
		"unknown field":  `{"crash": true}`,
		"unknown action": `{"rules": [{"do": "explode"}]}`,
		"unknown load":   `{"load": "explode"}`,
	} {
		if _, err := readScript(modelWith(t, text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRun_tellsByItsExitCodeWhatIsWrong(t *testing.T) {
	t.Parallel()
	model, failing := modelWith(t, `{}`), modelWith(t, `{"load": "fail"}`)
	lacking := modelWith(t, `{"load": "memory"}`)
	cases := map[string]struct {
		args []string
		want int
	}{
		"no flags":       {nil, engineproc.ExitUsage},
		"unknown flag":   {[]string{"-model", model, "-socket", "s", "-speed", "3"}, engineproc.ExitUsage},
		"no slots":       {[]string{"-model", model, "-socket", "s", "-slots", "0"}, engineproc.ExitUsage},
		"no such folder": {[]string{"-model", model, "-socket", "/nonexistent/s"}, engineproc.ExitUsage},
		"no such model":  {[]string{"-model", model + ".gone", "-socket", "s"}, engineproc.ExitModel},
		"told to fail":   {[]string{"-model", failing, "-socket", "s"}, engineproc.ExitModel},
		"told to lack":   {[]string{"-model", lacking, "-socket", "s"}, engineproc.ExitMemory},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var complaints strings.Builder

			got := run(c.args, strings.NewReader(""), &complaints)

			if got != c.want || complaints.Len() == 0 {
				t.Errorf("exit code %d with %q, want %d", got, complaints.String(), c.want)
			}
		})
	}
}

func TestRun_endsWhenItsInputEnds(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	var complaints strings.Builder

	got := run([]string{"-model", modelWith(t, `{}`), "-socket", socket}, strings.NewReader(""), &complaints)

	if got != 0 || complaints.Len() != 0 {
		t.Errorf("exit code %d with %q", got, complaints.String())
	}
}
