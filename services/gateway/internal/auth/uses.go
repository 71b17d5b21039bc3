package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

const (
	useEvery   = 10 * time.Minute // between two notes of a key
	tellEvery  = 15 * time.Second
	tellTime   = 5 * time.Second
	mostUses   = 1000 // that the history service takes at once
	mostNoted  = 100_000
	lastChance = 2 * time.Second // for what is to be told when the gateway stops
)

// uses gathers when keys were used last, so that it is written rarely and by the way.
type uses struct {
	log *slog.Logger

	mu     sync.Mutex
	noted  map[string]time.Time // by key id
	untold map[string]time.Time
}

func newUses(log *slog.Logger) uses {
	return uses{log: log, noted: map[string]time.Time{}, untold: map[string]time.Time{}}
}

func (u *uses) note(keyID string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.noted[keyID]) < useEvery {
		return
	}
	if len(u.noted) >= mostNoted {
		clear(u.noted)
		clear(u.untold)
	}
	u.noted[keyID], u.untold[keyID] = now, now
}

// take returns what is to be told, as much as one call takes.
func (u *uses) take() []*accountv1.KeyUse {
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []*accountv1.KeyUse
	for id, at := range u.untold {
		if len(all) == mostUses {
			break
		}
		all = append(all, &accountv1.KeyUse{KeyId: id, UsedAt: timestamppb.New(at)})
		delete(u.untold, id)
	}
	return all
}

// putBack keeps what could not be told.
func (u *uses) putBack(all []*accountv1.KeyUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, use := range all {
		if _, later := u.untold[use.GetKeyId()]; !later {
			u.untold[use.GetKeyId()] = use.GetUsedAt().AsTime()
		}
	}
}

// Run tells the history service which keys are used, until ctx ends.
func (k *Keys) Run(ctx context.Context) {
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastChance)
			k.tellUses(last)
			cancel()
			return
		case <-ticker.C:
			limited, cancel := context.WithTimeout(ctx, tellTime)
			k.tellUses(limited)
			cancel()
		}
	}
}

func (k *Keys) tellUses(ctx context.Context) {
	for {
		all := k.uses.take()
		if len(all) == 0 {
			return
		}
		if _, err := k.accounts.NoteKeyUses(ctx, &accountv1.NoteKeyUsesRequest{Uses: all}); err != nil {
			k.uses.putBack(all)
			k.uses.log.DebugContext(ctx, "uses of keys are told later", "err", err)
			return
		}
	}
}
