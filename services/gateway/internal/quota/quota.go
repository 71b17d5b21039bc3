// Package quota tells what users may use, what they have used, and refuses what goes
// beyond. What a user may is part of the account (package auth remembers it) or a
// setting; what was used is known from the job feed (package index) and from the
// history service, whichever knows more; what is stored from the FILES bucket. Packages
// jobs and upload ask it. What is under way when a quota is used up goes on to its end.
package quota

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/remember"
)

// What a quota bounds, as the API calls it.
const (
	Audio  = "audio_seconds_per_day"
	Jobs   = "concurrent_jobs"
	Stored = "stored_bytes"
)

// Answers of others are used so long.
const (
	usageFresh  = 30 * time.Second
	storedFresh = 5 * time.Second
	mostUsers   = 10_000
)

// Limits is what a user may use; 0 is no limit.
type Limits struct {
	AudioSeconds int64 // a day of UTC
	Jobs         int64 // queued or running
	StoredBytes  int64
}

// Feed is what the job feed tells; *index.Index is one.
type Feed interface {
	AudioToday(userID string) int64 // milliseconds
	Live(userID string) int
}

// Store tells how much a user stores; *job.Files is one.
type Store interface {
	Stored(ctx context.Context, userID string) (int64, error)
}

// Meter is safe for all goroutines.
type Meter struct {
	defaults Limits
	accounts accountv1.AccountServiceClient
	feed     Feed
	store    Store
	now      func() time.Time
	usage    *remember.Answers[int64] // milliseconds, by day and user
	stored   *remember.Answers[int64] // bytes, by user
}

// Deps is what a meter asks.
type Deps struct {
	Accounts accountv1.AccountServiceClient
	Feed     Feed
	Store    Store
	Log      *slog.Logger
	Now      func() time.Time
}

// New returns a meter; defaults are for users without quotas of their own.
func New(defaults Limits, deps Deps) *Meter {
	return &Meter{
		defaults: defaults, accounts: deps.Accounts, feed: deps.Feed, store: deps.Store, now: deps.Now,
		usage: remember.New[int64](remember.Limits{Fresh: usageFresh, Stale: 24 * time.Hour, Most: mostUsers},
			deps.Log.With("what", "usage"), deps.Now),
		stored: remember.New[int64](remember.Limits{Fresh: storedFresh, Most: mostUsers}, deps.Log, deps.Now),
	}
}

// Limits returns what a user may use.
func (m *Meter) Limits(user *accountv1.User) Limits {
	own, limits := user.GetQuota(), m.defaults
	if own == nil {
		return limits
	}
	for _, part := range []struct {
		own   *int64
		place *int64
	}{
		{own.AudioSecondsPerDay, &limits.AudioSeconds},
		{own.ConcurrentJobs, &limits.Jobs},
		{own.StoredBytes, &limits.StoredBytes},
	} {
		if part.own != nil {
			*part.place = *part.own
		}
	}
	return limits
}

// MostJobs returns how many jobs the user of a request may have under way; 0: any
// number.
func (m *Meter) MostJobs(ctx context.Context) int { return int(m.Limits(auth.User(ctx)).Jobs) }

// CheckAudio returns why the user of a request may have no more audio worked on today.
// Exhausted, code "quota_exceeded".
func (m *Meter) CheckAudio(ctx context.Context) error {
	user := auth.User(ctx)
	limit := m.Limits(user).AudioSeconds
	if limit == 0 || m.AudioToday(ctx, user.GetId()) < limit*1000 {
		return nil
	}
	return problem.After(Exceeded(Audio, fmt.Sprintf("You have used the %d seconds of audio of today; the next day begins at 00:00 UTC.", limit)),
		m.NextDay().Sub(m.now()))
}

// LeftBytes returns how many bytes more the user of a request may store; less than 0:
// any number. Exhausted, code "quota_exceeded": none. Unavailable: nobody knows.
func (m *Meter) LeftBytes(ctx context.Context) (int64, error) {
	user := auth.User(ctx)
	limit := m.Limits(user).StoredBytes
	if limit == 0 {
		return -1, nil
	}
	used, err := m.store.Stored(ctx, user.GetId()) // of this moment
	if err != nil {
		return 0, err
	}
	if used >= limit {
		return 0, Exceeded(Stored, fmt.Sprintf("You may store %d bytes of recordings; delete some first.", limit))
	}
	return limit - used, nil
}

// Exceeded is the refusal of what is over a quota.
func Exceeded(which, message string) error {
	return problem.With(fault.New(fault.Exhausted, "quota_exceeded", message), "quota", which)
}
