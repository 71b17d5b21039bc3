package models_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

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
