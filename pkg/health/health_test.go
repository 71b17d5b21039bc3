package health

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

func pass(context.Context) error { return nil }

// ask returns whether it is ready and what is said of each part.
func ask(t *testing.T, h *Health) (bool, map[string]string) {
	t.Helper()
	answer := h.Ask(t.Context())
	return answer.Ready, answer.Parts
}

func TestHealth_tellsTheSentenceAndNothingElse(t *testing.T) {
	t.Parallel()
	h := New(slog.New(slog.DiscardHandler),
		Check{"good", pass},
		Check{"down", func(context.Context) error {
			return fault.Wrap(errors.New("dial 10.0.0.1"), fault.Unavailable, "down", "It is down.")
		}},
		Check{"plain", func(context.Context) error { return errors.New("open /var/secret") }})

	ready, parts := ask(t, h)

	if ready || parts["good"] != "ok" || parts["down"] != "It is down." || parts["plain"] != "Something went wrong on our side." {
		t.Errorf("got %t %v", ready, parts)
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
		h := New(slog.New(slog.DiscardHandler), Check{"hangs", hangs}, Check{"good", pass})

		for range 2 {
			began := time.Now()
			ready, parts := ask(t, h)
			if ready || parts["hangs"] != "It has not answered in time." || parts["good"] != "ok" {
				t.Errorf("got %t %v", ready, parts)
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
		if ready, parts := ask(t, h); !ready || runs.Load() != 2 {
			t.Errorf("when it is back: %t %v after %d runs", ready, parts, runs.Load())
		}
	})
}
