// Package rate bounds how often users ask, and addresses where nobody has to log in.
// The cache service counts, for all gateways. While it does not answer all is let
// through: a limit is not worth an outage.
package rate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

const (
	period  = time.Minute
	askTime = 250 * time.Millisecond // a slow cache must not slow all requests down
)

// Limiter is safe for all goroutines.
type Limiter struct {
	Cache cachev1.CacheServiceClient
	// PerUser and PerAddress are requests a minute; 0 for any number.
	PerUser    int64
	PerAddress int64
	Proxies    web.Proxies
	Log        *slog.Logger

	away atomic.Bool // the log says that nobody counts
}

// User counts a request of a user. Exhausted, code "rate_limited": there were too many.
func (l *Limiter) User(w http.ResponseWriter, r *http.Request, userID string) error {
	return l.take(w, r, "user", userID, l.PerUser)
}

// Open returns a handler for whoever needs no login, bounded by address.
func (l *Limiter) Open(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := l.take(w, r, "address", web.Site(l.Proxies.Client(r)), l.PerAddress); err != nil {
			return err
		}
		return next(w, r)
	}
}

// take counts a request and says in the answer how the rate stands.
func (l *Limiter) take(w http.ResponseWriter, r *http.Request, kind, who string, limit int64) error {
	if limit <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), askTime)
	defer cancel()
	reply, err := l.Cache.Take(ctx, &cachev1.TakeRequest{Key: keyOf(kind, who), Limit: limit, PeriodMs: period.Milliseconds()})
	if r.Context().Err() == nil {
		l.note(err)
	}
	if err != nil {
		return nil //nolint:nilerr // nobody counts
	}
	h := w.Header()
	h.Set("RateLimit-Limit", strconv.FormatInt(limit, 10))
	h.Set("RateLimit-Remaining", strconv.FormatInt(reply.GetRemaining(), 10))
	h.Set("RateLimit-Reset", strconv.FormatInt((reply.GetResetAfterMs()+999)/1000, 10))
	if reply.GetAllowed() {
		return nil
	}
	return problem.After(fault.New(fault.Exhausted, "rate_limited", "Too many requests; wait before the next."),
		time.Duration(max(1, reply.GetRetryAfterMs()))*time.Millisecond)
}

// keyOf names nobody: what is counted outlives a user who is deleted by a minute.
func keyOf(kind, who string) string {
	sum := sha256.Sum256([]byte(who))
	return "rate:" + kind + ":" + hex.EncodeToString(sum[:16])
}

// note logs an outage once, until it is over.
func (l *Limiter) note(err error) {
	switch {
	case err != nil && l.away.CompareAndSwap(false, true):
		l.Log.Warn("the cache does not count requests, all are let through", "err", err)
	case err == nil && l.away.CompareAndSwap(true, false):
		l.Log.Info("the cache counts requests again")
	}
}
