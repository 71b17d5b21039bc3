package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

func pass(context.Context) error { return nil }

// ask returns the status and what is said of each part.
func ask(t *testing.T, h *Health) (int, map[string]string) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := h.ready(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil)); err != nil {
		t.Fatal(err)
	}
	var view healthView
	if err := json.Unmarshal(w.Body.Bytes(), &view); err != nil {
		t.Fatal(err)
	}
	return w.Code, view.Checks
}

func TestHealth_tellsTheSentenceAndNothingElse(t *testing.T) {
	t.Parallel()
	h := NewHealth(slog.New(slog.DiscardHandler),
		Check{"good", pass},
		Check{"down", func(context.Context) error {
			return fault.Wrap(errors.New("dial 10.0.0.1"), fault.Unavailable, "down", "It is down.")
		}},
		Check{"plain", func(context.Context) error { return errors.New("open /var/secret") }})

	status, parts := ask(t, h)

	if status != 503 || parts["good"] != "ok" || parts["down"] != "It is down." || parts["plain"] != "Something went wrong on our side." {
		t.Errorf("got %d %v", status, parts)
	}
}

// TestHealth_answersThoughACheckHangs has a part that does not heed its context:
// the others are told of in time, it is not started again beside itself, and it is
// asked anew once it has come back.
func TestHealth_answersThoughACheckHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		release := make(chan struct{})
		hangs := func(context.Context) error {
			if runs.Add(1) == 1 {
				<-release
				return errors.New("too late to be told")
			}
			return nil
		}
		h := NewHealth(slog.New(slog.DiscardHandler), Check{"hangs", hangs}, Check{"good", pass})

		for range 2 {
			began := time.Now()
			status, parts := ask(t, h)
			if status != 503 || parts["hangs"] != "It has not answered in time." || parts["good"] != "ok" {
				t.Errorf("got %d %v", status, parts)
			}
			if took := time.Since(began); took != checkTime {
				t.Errorf("answered after %v, want %v", took, checkTime)
			}
			time.Sleep(checkLife)
		}
		if n := runs.Load(); n != 1 {
			t.Errorf("started %d times", n)
		}
		close(release)
		synctest.Wait()
		if status, parts := ask(t, h); status != 200 || runs.Load() != 2 {
			t.Errorf("when it is back: %d %v after %d runs", status, parts, runs.Load())
		}
	})
}
