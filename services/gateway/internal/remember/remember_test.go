package remember_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/remember"
)

// rig is answers about one key, whose source a test changes.
type rig struct {
	*remember.Answers[string]
	at     time.Time
	answer string
	err    error
	asked  int
}

func newRig() *rig {
	r := &rig{at: time.Unix(1_700_000_000, 0), answer: "first"}
	limits := remember.Limits{Fresh: 5 * time.Minute, Stale: time.Hour, Most: 100}
	r.Answers = remember.New[string](limits, slog.New(slog.DiscardHandler), func() time.Time { return r.at })
	return r
}

func (r *rig) get(t *testing.T) (string, error) {
	return r.Get(t.Context(), "key", func(context.Context) (string, error) {
		r.asked++
		return r.answer, r.err
	})
}

func (r *rig) wants(t *testing.T, want string, asked int) {
	t.Helper()
	if got, err := r.get(t); got != want || err != nil || r.asked != asked {
		t.Errorf("got %q, %v after %d questions; want %q after %d", got, err, r.asked, want, asked)
	}
}

func all(string, string) bool { return true }

func TestAnswers_areFreshAndThenStale(t *testing.T) {
	t.Parallel()
	r := newRig()
	r.wants(t, "first", 1)
	r.answer = "second"
	r.at = r.at.Add(5*time.Minute - 1)
	r.wants(t, "first", 1)
	r.at = r.at.Add(1)
	r.wants(t, "second", 2)

	r.err = errors.New("down")
	r.at = r.at.Add(time.Hour - 1)
	r.wants(t, "second", 3)
	r.at = r.at.Add(1)
	if _, err := r.get(t); err == nil {
		t.Error("an answer of an hour ago counts")
	}
}

func TestAnswers_thatAreDoubtedAreAskedForAndCountWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	r := newRig()
	r.wants(t, "first", 1)

	r.Doubt(all)
	r.err = errors.New("down")
	r.wants(t, "first", 2)
	r.answer, r.err = "second", nil
	r.wants(t, "second", 3)
	r.wants(t, "second", 3)

	r.Doubt(func(key, _ string) bool { return key != "key" })
	r.wants(t, "second", 3)
}

func TestAnswers_thatAreDroppedAreGone(t *testing.T) {
	t.Parallel()
	r := newRig()
	r.wants(t, "first", 1)

	dropped := r.Drop(all)
	r.err = errors.New("down")

	if _, err := r.get(t); err == nil || len(dropped) != 1 || dropped[0] != "key" {
		t.Errorf("dropped %v, then %v", dropped, err)
	}
	r.err = nil
	r.wants(t, "first", 3)
	r.err = fault.New(fault.NotFound, "gone", "Gone.")
	r.Doubt(all)
	if _, err := r.get(t); !fault.Is(err, fault.NotFound) || r.Len() != 0 {
		t.Errorf("got %v, %d are remembered", err, r.Len())
	}
}

// A change is heard of while the answer is on its way, which may be of before it.
func TestAnswers_onTheirWayDuringAChangeAreNotRemembered(t *testing.T) {
	t.Parallel()
	r := newRig()
	_, err := r.Get(t.Context(), "key", func(context.Context) (string, error) {
		r.Doubt(all)
		return "old", nil
	})
	if err != nil || r.Len() != 0 {
		t.Errorf("%v, %d are remembered", err, r.Len())
	}
	since := r.Moment()
	r.Doubt(all)
	r.Put("key", "old", since)
	r.wants(t, "first", 1)
}

func TestAnswers_areBounded(t *testing.T) {
	t.Parallel()
	r := newRig()
	for n := range 300 {
		r.Put(fmt.Sprint(n), "x", r.Moment())
	}
	if r.Len() != 100 {
		t.Errorf("%d are remembered", r.Len())
	}
}
