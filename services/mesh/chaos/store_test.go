//go:build chaos

package chaos_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// PostgreSQL goes away while jobs run and comes back. Meanwhile users make jobs and
// see them completed; afterwards the history has each of them once.
func TestF16_postgresAway(t *testing.T) {
	t.Parallel()
	postgres := testkit.PostgresServer(t)
	site := chaos.StartSite(t, "-history.store-url", postgres.Database(t))
	batch := chaos.NewBatch(t, site)

	batch.Create(2) // at work when it goes
	batch.Fault("PostgreSQL away", 0)
	postgres.Stop(t)
	ids := batch.Create(4)
	testkit.Eventually(t, "jobs are completed without it", func() bool { return batch.In("completed", ids) == len(ids) })
	postgres.Start(t)
	batch.Create(2)

	batch.Finish()
}

// Redis is away, comes back empty, falls silent, and holds what is old. Jobs and
// answers are the same.
func TestF17_redisAwayEmptyAndSilent(t *testing.T) {
	t.Parallel()
	redis := testkit.RedisServer(t)
	site := chaos.StartSite(t, "-cache.redis-url", redis.URL())
	batch := chaos.NewBatch(t, site)

	for what, hurt := range map[string]func() (mend func()){
		"Redis away, then empty": func() func() { redis.Stop(t); return func() { redis.Start(t) } },
		"Redis silent":           func() func() { redis.Pause(t); return func() { redis.Resume(t) } },
	} {
		batch.Fault(what, 0)
		mend := hurt()
		ids := batch.Create(2)
		testkit.Eventually(t, "jobs are completed without it", func() bool { return batch.In("completed", ids) == len(ids) })
		batch.Fetch(ids)
		mend()
		batch.Fetch(batch.Create(2))
	}

	batch.Finish()
}
