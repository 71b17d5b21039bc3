package outage_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stenomesh/stenomesh/pkg/outage"
)

var (
	errAway    = errors.New("away")
	errRefused = errors.New("refused")
)

func isAway(err error) bool { return errors.Is(err, errAway) }

// server is away for a while.
type server struct{ back time.Time }

func (s server) call() error {
	if time.Now().Before(s.back) {
		return errAway
	}
	return nil
}

func TestHold_waitsForARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := outage.Hold{Limit: 5 * time.Second}
		s := server{back: time.Now().Add(3 * time.Second)}

		if err := h.Do(t.Context(), isAway, s.call); err != nil {
			t.Errorf("the call failed: %v", err)
		}
	})
}

func TestHold_failsAtOnceInALongOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := outage.Hold{Limit: 5 * time.Second}
		s := server{back: time.Now().Add(time.Hour)}
		began := time.Now()

		first := h.Do(t.Context(), isAway, s.call)
		held := time.Since(began)
		second := h.Do(t.Context(), isAway, s.call)

		if !isAway(first) || held != 5*time.Second {
			t.Errorf("the first call ended with %v after %v", first, held)
		}
		if later := time.Since(began); !isAway(second) || later != held {
			t.Errorf("the second call ended with %v after %v more", second, later-held)
		}
	})
}

func TestHold_isPatientAgainAfterAnAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := outage.Hold{Limit: 5 * time.Second}
		s := server{back: time.Now().Add(time.Hour)}
		if err := h.Do(t.Context(), isAway, s.call); !isAway(err) {
			t.Fatal(err)
		}
		s.back = time.Time{}
		if err := h.Do(t.Context(), isAway, s.call); err != nil {
			t.Fatal(err)
		}

		s.back = time.Now().Add(time.Second)
		if err := h.Do(t.Context(), isAway, s.call); err != nil {
			t.Errorf("the next outage was not waited for: %v", err)
		}
	})
}

func TestHold_isPatientAgainAfterAQuietTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := outage.Hold{Limit: 5 * time.Second}
		s := server{back: time.Now().Add(time.Hour)}
		if err := h.Do(t.Context(), isAway, s.call); !isAway(err) {
			t.Fatal(err)
		}

		time.Sleep(2 * time.Minute)
		s.back = time.Now().Add(time.Second)
		if err := h.Do(t.Context(), isAway, s.call); err != nil {
			t.Errorf("the next outage was not waited for: %v", err)
		}
	})
}

func TestHold_passesOnWhatDoesNotPass(t *testing.T) {
	t.Parallel()
	h := outage.Hold{Limit: time.Minute}
	calls := 0

	err := h.Do(t.Context(), isAway, func() error { calls++; return errRefused })

	if !errors.Is(err, errRefused) || calls != 1 {
		t.Errorf("%d calls ended with %v", calls, err)
	}
}

func TestHold_endsWithItsCaller(t *testing.T) {
	t.Parallel()
	h := outage.Hold{Limit: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())

	err := h.Do(ctx, isAway, func() error { cancel(); return errAway })

	if !isAway(err) {
		t.Errorf("the call ended with %v", err)
	}
}
