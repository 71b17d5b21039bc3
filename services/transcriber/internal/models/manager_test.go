package models_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/testkit"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/models"
)

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
