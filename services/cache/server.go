package cache

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	"github.com/stenomesh/stenomesh/services/cache/internal/rate"
)

const (
	maxValue = 8 << 20 // bytes
	maxKey   = 1024    // bytes
	maxTTLMS = math.MaxInt64 / int64(time.Millisecond)

	maxPeriodMS = int64(24 * time.Hour / time.Millisecond)
)

// server is CacheService.
type server struct {
	cachev1.UnimplementedCacheServiceServer
	store Store
}

// Get returns the value of a key.
func (s *server) Get(ctx context.Context, req *cachev1.GetRequest) (*cachev1.GetResponse, error) {
	if err := checkKey(req.GetKey()); err != nil {
		return nil, err
	}
	value, found, err := s.store.Get(ctx, req.GetKey())
	if err != nil {
		return nil, err
	}
	return &cachev1.GetResponse{Found: found, Value: value}, nil
}

// Set stores a value.
func (s *server) Set(ctx context.Context, req *cachev1.SetRequest) (*cachev1.SetResponse, error) {
	if err := checkKey(req.GetKey()); err != nil {
		return nil, err
	}
	if len(req.GetValue()) > maxValue {
		return nil, fault.New(fault.Invalid, "value_too_large", "A cached value is at most 8 MiB.")
	}
	if req.GetTtlMs() < 1 {
		return nil, fault.New(fault.Invalid, "invalid_ttl", "A cached value lives for at least 1 ms.")
	}
	ttl := time.Duration(min(req.GetTtlMs(), maxTTLMS)) * time.Millisecond
	if err := s.store.Set(ctx, req.GetKey(), req.GetValue(), ttl); err != nil {
		return nil, err
	}
	return &cachev1.SetResponse{}, nil
}

// Delete removes keys and prefixes. An empty prefix is refused: it would mean
// everything, and is more likely a mistake.
func (s *server) Delete(ctx context.Context, req *cachev1.DeleteRequest) (*cachev1.DeleteResponse, error) {
	for _, prefix := range req.GetPrefixes() {
		if prefix == "" {
			return nil, fault.New(fault.Invalid, "invalid_key", "A prefix must not be empty.")
		}
	}
	if err := s.store.Delete(ctx, req.GetKeys(), req.GetPrefixes()); err != nil {
		return nil, err
	}
	return &cachev1.DeleteResponse{}, nil
}

// GetStats tells how well each kind is served.
func (s *server) GetStats(ctx context.Context, _ *cachev1.GetStatsRequest) (*cachev1.GetStatsResponse, error) {
	kinds, err := s.store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	reply := &cachev1.GetStatsResponse{}
	for _, k := range kinds {
		reply.Kinds = append(reply.Kinds, &cachev1.KindStats{Kind: k.Name, Hits: k.Hits, Misses: k.Misses,
			Entries: k.Entries, Evictions: k.Evictions, Bytes: k.Bytes})
	}
	return reply, nil
}

// Take counts an event of a key.
func (s *server) Take(ctx context.Context, req *cachev1.TakeRequest) (*cachev1.TakeResponse, error) {
	if err := checkKey(req.GetKey()); err != nil {
		return nil, err
	}
	if req.GetLimit() < 1 || req.GetPeriodMs() < 1 || req.GetPeriodMs() > maxPeriodMS {
		return nil, fault.New(fault.Invalid, "invalid_rate", "A rate is at least one event in at most a day.")
	}
	verdict, err := s.store.Take(ctx, req.GetKey(), rate.Rate{Limit: req.GetLimit(), Period: time.Duration(req.GetPeriodMs()) * time.Millisecond})
	if err != nil {
		return nil, err
	}
	return &cachev1.TakeResponse{Allowed: verdict.Allowed, Remaining: verdict.Remaining,
		RetryAfterMs: ceilMS(verdict.RetryAfter), ResetAfterMs: ceilMS(verdict.ResetAfter)}, nil
}

func ceilMS(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

func checkKey(key string) error {
	kind, _, ok := strings.Cut(key, ":")
	if !ok || kind == "" || len(key) > maxKey {
		return fault.New(fault.Invalid, "invalid_key", "A key is of the form <kind>:<rest>, at most 1024 bytes.")
	}
	return nil
}
