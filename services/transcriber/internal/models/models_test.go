package models_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/models"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// house is a manager over a folder with the models one, two and three; four is in
// the catalogue and not in the folder.
type house struct {
	*models.Manager
	dir string // the model files
	run string // the engines' sockets, while they load
	log *lockedBuffer
}

func newHouse(t *testing.T, maxModels int) *house {
	t.Helper()
	h := &house{dir: t.TempDir(), run: t.TempDir(), log: &lockedBuffer{}}
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
		Catalog: c, Store: catalog.NewStore(h.dir), MaxModels: maxModels, Log: log,
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
func (h *house) loaded() string {
	var names []string
	for _, l := range h.Loaded() {
		names = append(names, l.Name)
	}
	return strings.Join(names, " ")
}

// enginesStarted counts the processes there were.
func (h *house) enginesStarted() int { return strings.Count(h.log.String(), "engine is ready") }

func transcribe(ctx context.Context, lease *models.Lease) error {
	_, err := lease.Pool.Transcribe(ctx, &enginev1.TranscribeRequest{
		Pcm: enginetest.Bursts(1, 3), Language: "en",
	}, false)
	return err
}

func TestAcquire_loadsOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			lease, err := h.Acquire(t.Context(), []string{"one", "whisper-one", "ONE"}[i%3])
			if err != nil {
				t.Error(err)
				return
			}
			defer lease.Release()
			if err := transcribe(t.Context(), lease); err != nil {
				t.Error(err)
			}
		})
	}

	wg.Wait()

	if n := h.enginesStarted(); n != 1 || h.loaded() != "one" {
		t.Errorf("%d engines were started, loaded are %q", n, h.loaded())
	}
}

func TestAcquire_unloadsTheModelUsedLongestAgo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.acquire(t, "one").Release()
	h.acquire(t, "two").Release()
	h.acquire(t, "one").Release()

	h.acquire(t, "three").Release()

	if got := h.loaded(); got != "one three" {
		t.Errorf("loaded are %q", got)
	}
}

func TestAcquire_neverUnloadsAModelInUse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	one := h.acquire(t, "one")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()

	if _, err := h.Acquire(ctx, "two"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want context.DeadlineExceeded", err)
	}

	if err := transcribe(t.Context(), one); err != nil || h.enginesStarted() != 1 {
		t.Errorf("the model in use: %v, %d engines were started", err, h.enginesStarted())
	}
}

func TestAcquire_getsTheRoomWhenItBecomesFree(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	one := h.acquire(t, "one")
	two := make(chan *models.Lease)
	go func() {
		lease, err := h.Acquire(t.Context(), "two")
		if err != nil {
			t.Error(err)
		}
		two <- lease
	}()
	again := h.acquire(t, "one") // who waits does not keep others from a loaded model
	again.Release()
	again.Release() // counts once

	one.Release()

	lease := <-two
	if got := h.loaded(); got != "two" {
		t.Errorf("loaded are %q", got)
	}
	lease.Release()
}

func TestAcquire_refusesWhatCannotBeLoaded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.write(t, "two", "scripted model TWO") // the right size
	isFault := func(code string) func(error) bool {
		return func(err error) bool { return fault.Is(err, fault.NotFound) && fault.Of(err).Code == code }
	}
	for name, is := range map[string]func(error) bool{
		"whisper-9": isFault("model_not_found"),
		"four":      isFault("model_not_installed"),
		"two":       func(err error) bool { return errors.Is(err, catalog.ErrChecksum) },
	} {
		if _, err := h.Acquire(t.Context(), name); !is(err) {
			t.Errorf("acquire %s: error is %v", name, err)
		}
	}
	if n := h.enginesStarted(); n != 0 {
		t.Errorf("%d engines were started", n)
	}
}

func TestAcquire_triesAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	enginetest.SetScript(t, h.path("one"), `{"load": "fail"}`)
	var failed *engine.StartError
	if _, err := h.Acquire(t.Context(), "one"); !errors.As(err, &failed) || failed.ExitCode != 3 {
		t.Fatalf("error is %v, want a StartError with exit code 3", err)
	}

	enginetest.SetScript(t, h.path("one"), `{}`)

	h.acquire(t, "one").Release()
}

func TestLease_survivesTheDeathOfItsEngine(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	enginetest.SetScript(t, h.path("one"), `{"rules": [{"do": "crash", "times": 1}]}`)
	lease := h.acquire(t, "one")
	defer lease.Release()

	if err := transcribe(t.Context(), lease); !errors.Is(err, engine.ErrDied) {
		t.Fatalf("error is %v, want ErrDied", err)
	}

	if err := transcribe(t.Context(), lease); err != nil {
		t.Error(err)
	}
}

func TestManager_servesManyUsersOfManyModels(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	var wg sync.WaitGroup
	for user := range uint64(6) {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(user, 0))
			for range 8 {
				lease, err := h.Acquire(t.Context(), []string{"one", "two", "three"}[random.IntN(3)])
				if err != nil {
					t.Error(err)
					return
				}
				if err := transcribe(t.Context(), lease); err != nil {
					t.Error(err)
				}
				if n := len(h.Loaded()); n < 1 || n > 2 {
					t.Errorf("%d models are loaded", n)
				}
				lease.Release()
			}
		})
	}
	wg.Wait()
}

func TestManager_tellsWhatThereIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	defer h.acquire(t, "two").Release()

	var got []string
	for _, l := range h.List() {
		state := l.Name
		if l.Installed {
			state += " installed"
		}
		if l.Loaded {
			state += " loaded"
		}
		got = append(got, state)
	}

	if want := "one installed, two installed loaded, three installed, four"; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, ", "), want)
	}
	two := h.Loaded()[0]
	if two.Users != 1 || two.Device != "CPU" || two.PID == 0 || two.LastUsed.IsZero() {
		t.Errorf("loaded: %+v", two)
	}
}

func TestManager_closesThoughALoadHangs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.acquire(t, "one") // never released
	enginetest.SetScript(t, h.path("two"), `{"load": "hang"}`)
	ended := make(chan error)
	go func() {
		_, err := h.Acquire(t.Context(), "two")
		ended <- err
	}()
	testkit.Eventually(t, "the load has begun", func() bool {
		sockets, err := os.ReadDir(h.run)
		return err == nil && len(sockets) > 0
	})

	if err := h.Close(); err != nil {
		t.Error(err)
	}

	if err := <-ended; !errors.Is(err, models.ErrClosed) {
		t.Errorf("error is %v, want ErrClosed", err)
	}
	if _, err := h.Acquire(t.Context(), "one"); !errors.Is(err, models.ErrClosed) {
		t.Errorf("acquire after Close: %v, want ErrClosed", err)
	}
	if got := h.loaded(); got != "" {
		t.Errorf("loaded are %q", got)
	}
}

func TestNew_refusesAnImpossibleConfig(t *testing.T) {
	t.Parallel()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]models.Config{
		"no catalogue": {Store: catalog.NewStore()},
		"no store":     {Catalog: c},
		"negative":     {Catalog: c, Store: catalog.NewStore(), MaxModels: -1},
	} {
		if _, err := models.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// lockedBuffer takes log lines from several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
