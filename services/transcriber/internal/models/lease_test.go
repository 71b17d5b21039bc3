package models_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/catalog"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

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

func TestLease_doesNotOutliveTheFileItWasLoadedFrom(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	lease := h.acquire(t, "one")
	defer lease.Release()
	h.write(t, "one", "scripted model ONE") // the right size
	first := lease.Pool.Running()
	if err := syscall.Kill(first.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-first.Done()

	if err := transcribe(t.Context(), lease); !errors.Is(err, catalog.ErrChecksum) {
		t.Errorf("error is %v, want ErrChecksum", err)
	}
}
