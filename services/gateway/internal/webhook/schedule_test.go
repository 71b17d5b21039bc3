package webhook

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestPause_growsToItsLimitWithSomeChance(t *testing.T) {
	t.Parallel()
	for n, want := range []time.Duration{10 * time.Second, 30 * time.Second, 90 * time.Second, 270 * time.Second} {
		if got := pause(10*time.Second, n+1, 0); got < want*4/5 || got > want*6/5 {
			t.Errorf("after %d failures: %v, want about %v", n+1, got, want)
		}
	}
	if got := pause(10*time.Second, 1000, 0); got < longestPause*4/5 || got > longestPause*6/5 {
		t.Errorf("in the end: %v", got)
	}
	for asked, want := range map[time.Duration]time.Duration{time.Second: 10 * time.Second, time.Minute: time.Minute, 100 * time.Hour: longestPause} {
		if got := pause(10*time.Second, 1, asked); got != want {
			t.Errorf("asked for %v: %v, want %v", asked, got, want)
		}
	}
}

func TestRetryAfter_isSecondsOrADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "Thu, 01 Jan 2026 00:01:00 GMT": time.Minute, "Wed, 31 Dec 2025 00:00:00 GMT": 0, "soon": 0, "-5": 0, "1e9": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

// A receiver fails and fails. After a day it is left alone, and a user who asks has a
// day again.
func TestVerdict_givesUpAfterADay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &Sender{Now: func() time.Time { return now }, Pause: 10 * time.Second}
	hook := &jobv1.Hook{QueuedAt: timestamppb.New(now)}
	log := &historyv1.Delivery{}
	fail := func() (historyv1.DeliveryState, time.Time) {
		attempt := &historyv1.DeliveryAttempt{StartedAt: timestamppb.New(now), HttpStatus: 500, Error: wrongStatus}
		state, next := s.verdict(hook, log, result{attempt: attempt})
		log.Attempts = append(log.Attempts, attempt)
		return state, next
	}
	began, state, tries := now, pending, 0
	for state == pending {
		var next time.Time
		if state, next = fail(); state == pending {
			now = next
		}
		tries++
	}
	if state != failed || now.Sub(began) > giveUp || now.Sub(began) < giveUp/2 || tries < 8 || tries > 20 {
		t.Errorf("%v after %v and %d attempts", state, now.Sub(began), tries)
	}

	now = now.Add(time.Hour)
	hook = &jobv1.Hook{QueuedAt: timestamppb.New(now), Again: true}
	if state, next := fail(); state != pending || next.Sub(now) > 12*time.Second {
		t.Errorf("asked for again: %v, next after %v", state, next.Sub(now))
	}
	for want, r := range map[historyv1.DeliveryState]result{
		delivered: {attempt: &historyv1.DeliveryAttempt{HttpStatus: 204}},
		stopped:   {attempt: &historyv1.DeliveryAttempt{HttpStatus: 410, Error: wrongStatus}, gone: true},
	} {
		if got, _ := s.verdict(hook, log, r); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestDue_isTheHookThatWasQueuedLast(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &Sender{Now: func() time.Time { return now }}
	at := func(offset time.Duration) *timestamppb.Timestamp { return timestamppb.New(now.Add(offset)) }
	known := func(state historyv1.DeliveryState, next *timestamppb.Timestamp) *historyv1.Delivery {
		return &historyv1.Delivery{State: state, QueuedAt: at(0), NextAt: next}
	}
	for name, c := range map[string]struct {
		queued    time.Duration
		again     bool
		before    *historyv1.Delivery
		wait      time.Duration
		done, due bool
	}{
		"never tried":                  {due: true},
		"tried, and it is time":        {before: known(pending, at(0)), due: true},
		"tried, and it is not time":    {before: known(pending, at(time.Minute)), wait: time.Minute},
		"delivered":                    {before: known(delivered, nil), done: true},
		"delivered, queued once more":  {queued: time.Second, before: known(delivered, nil), done: true},
		"delivered, and asked for":     {queued: time.Second, again: true, before: known(delivered, nil), due: true},
		"asked for, and delivered":     {again: true, before: known(delivered, nil), done: true},
		"failing, and asked for":       {queued: time.Second, again: true, before: known(pending, at(time.Minute)), due: true},
		"overtaken by one asked for":   {queued: -time.Second, before: known(pending, at(0)), done: true},
		"stopped":                      {before: known(stopped, nil), done: true},
		"a nanosecond is not kept":     {queued: time.Nanosecond, before: known(pending, at(time.Minute)), wait: time.Minute},
		"given up, and comes too late": {queued: time.Second, before: known(failed, nil), done: true},
	} {
		wait, done, due := s.due(&jobv1.Hook{QueuedAt: at(c.queued), Again: c.again}, c.before)
		if done != c.done || due != c.due || !done && !due && wait != c.wait {
			t.Errorf("%s: wait %v, done %v, due %v", name, wait, done, due)
		}
	}
}
