package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

func TestStart_tellsWhyThereIsNoProcess(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		script string
		spoil  func(*engine.Config)
		code   int
	}{
		"model refused": {`{"load": "fail"}`, func(*engine.Config) {}, 3},
		"model missing": {"", func(c *engine.Config) { c.Model += ".gone" }, 3},
		"no memory":     {`{"load": "memory"}`, func(*engine.Config) {}, 4},
		"killed":        {`{"load": "crash"}`, func(*engine.Config) {}, -1},
		"too slow":      {`{"load": "hang"}`, func(c *engine.Config) { c.LoadTimeout = 50 * time.Millisecond }, -1},
		"no program":    {"", func(c *engine.Config) { c.Binary += ".gone" }, -1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := scripted(t, c.script)
			c.spoil(&cfg)

			_, err := engine.Start(t.Context(), cfg)

			var failed *engine.StartError
			if !errors.As(err, &failed) || failed.ExitCode != c.code || engine.CountsAsAttempt(err) {
				t.Errorf("error is %v, want a StartError with exit code %d", err, c.code)
			}
			if left, err := os.ReadDir(cfg.RunDir); err != nil || len(left) != 0 {
				t.Errorf("run folder holds %v (%v)", left, err)
			}
		})
	}
}

// The run folder is missing where there is no room on the disk to make it.
func TestStart_tellsThatThereIsNoRoomForItsSocket(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, "")
	cfg.RunDir = filepath.Join(cfg.RunDir, "none")

	_, err := engine.Start(t.Context(), cfg)

	var failed *engine.StartError
	if !errors.As(err, &failed) || failed.ExitCode != -1 || engine.CountsAsAttempt(err) {
		t.Errorf("error is %v, want a StartError with exit code -1", err)
	}
}

func TestStart_stopsWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	_, err := engine.Start(ctx, scripted(t, `{"load": "hang"}`))

	if !errors.Is(err, context.DeadlineExceeded) || engine.CountsAsAttempt(err) {
		t.Errorf("error is %v, want context.DeadlineExceeded", err)
	}
}

func TestStart_refusesAnImpossibleConfig(t *testing.T) {
	t.Parallel()

	_, err := engine.Start(t.Context(), engine.Config{Binary: "b", Model: "m", Threads: 1})

	if err == nil || !strings.Contains(err.Error(), "slots") {
		t.Errorf("error is %v, want one about slots", err)
	}
}

func TestStart_tellsThatTheRealEngineCannotLoadGarbage(t *testing.T) {
	t.Parallel()
	model := filepath.Join(t.TempDir(), "garbage.bin")
	if err := os.WriteFile(model, []byte(strings.Repeat("not a model ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := scripted(t, "")
	cfg.Binary, cfg.Model = enginetest.Whisper(t), model

	_, err := engine.Start(t.Context(), cfg)

	var failed *engine.StartError
	if !errors.As(err, &failed) || failed.ExitCode != 3 {
		t.Errorf("error is %v, want a StartError with exit code 3", err)
	}
}
