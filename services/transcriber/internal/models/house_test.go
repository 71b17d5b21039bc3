package models_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a manager over a folder with the models one, two and three; four is in
// the catalogue and not in the folder.
type house struct {
	*models.Manager
	dir string // the model files
	run string // the engines' sockets, while they load
	log *enginetest.LogBuffer
}

func newHouse(t *testing.T, maxModels int) *house {
	t.Helper()
	return newImpatientHouse(t, maxModels, 0)
}

// newImpatientHouse is one where nobody waits for a room longer than this before
// a model in use has to leave.
func newImpatientHouse(t *testing.T, maxModels int, patience time.Duration) *house {
	t.Helper()
	h := &house{dir: t.TempDir(), run: t.TempDir(), log: &enginetest.LogBuffer{}}
	var entries []catalog.Model
	for _, name := range []string{"one", "two", "three", "four"} {
		content := "scripted model " + name
		sum := sha256.Sum256([]byte(content))
		entries = append(entries, catalog.Model{
			Name: name, File: name + ".bin", Aliases: []string{"whisper-" + name}, Bytes: int64(len(content)),
			SHA256: hex.EncodeToString(sum[:]), Languages: []string{"en"}, Licence: "MIT", Description: "For tests.",
		})
		if name != "four" {
			h.write(t, name, content)
		}
	}
	c, err := catalog.New(entries...)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(h.log, nil))
	h.Manager, err = models.New(models.Config{
		Catalog: c, Store: catalog.NewStore(h.dir), MaxModels: maxModels, Patience: patience, Log: log,
		Engine: engine.Config{
			Binary: enginetest.Scripted(t), Slots: 2, Threads: 1, StopGrace: time.Minute,
			MinBackoff: time.Millisecond, RunDir: h.run, Log: log,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return h
}

func (h *house) path(model string) string { return filepath.Join(h.dir, model+".bin") }

func (h *house) write(t *testing.T, model, content string) {
	t.Helper()
	if err := os.WriteFile(h.path(model), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (h *house) acquire(t *testing.T, name string) *models.Lease {
	t.Helper()
	lease, err := h.Acquire(t.Context(), name)
	if err != nil {
		t.Fatalf("acquire %s: %v", name, err)
	}
	return lease
}

// loaded are the names of the models in memory.
func (h *house) loaded() string { return strings.Join(h.Loaded(), " ") }

// enginesStarted counts the processes there were.
func (h *house) enginesStarted() int { return strings.Count(h.log.String(), "engine is ready") }

func transcribe(ctx context.Context, lease *models.Lease) error {
	_, err := lease.Pool.Transcribe(ctx, &enginev1.TranscribeRequest{
		Pcm: enginetest.Bursts(1, 3), Language: "en",
	}, false)
	return err
}

// acquireInBackground delivers a lease, or nil with an error of the test.
func (h *house) acquireInBackground(t *testing.T, name string) <-chan *models.Lease {
	t.Helper()
	got := make(chan *models.Lease, 1)
	go func() {
		lease, err := h.Acquire(t.Context(), name)
		if err != nil {
			t.Errorf("acquire %s: %v", name, err)
		}
		got <- lease
	}()
	return got
}
