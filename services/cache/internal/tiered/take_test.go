package tiered_test

import (
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache/internal/rate"
	"github.com/stenomesh/stenomesh/services/cache/storetest"
)

func TestReplica_countsTogetherWithOthersAndAloneWithoutTheServer(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	one, other := open(t, server), open(t, server)
	r := rate.Rate{Limit: 7, Period: 24 * time.Hour}

	if got := storetest.TakeTogether(t, r, 10, one, other); got != 7 {
		t.Errorf("%d let through, want 7", got)
	}

	server.Stop(t)
	testkit.Eventually(t, "both miss the server", func() bool { return !one.Up() && !other.Up() })
	if got := storetest.TakeTogether(t, r, 10, one, other); got != 14 {
		t.Errorf("%d let through without the server, want 7 by each", got)
	}
}
