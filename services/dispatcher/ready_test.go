package dispatcher_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/dispatcher"
)

func TestDispatcher_isNotReadyWithoutResultsOrFeed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := slowConfig()
	cfg.Relist = time.Second // the client does not tell that a stream is gone, only that it cannot be opened
	service, err := dispatcher.New(cfg, dispatcher.Deps{
		Bus: r.Bus, Jobs: r.jobs, Files: r.files, Blobs: r.store, History: r.client, Log: slog.New(slog.DiscardHandler),
	})
	r.must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	becomes := func(want string) {
		t.Helper()
		testkit.Eventually(t, "the dispatcher's state becomes "+want, func() bool {
			err := service.Check(t.Context())
			if err == nil {
				return want == "well"
			}
			return fault.Of(err).Code == want
		})
	}
	becomes("well")

	r.must(t, r.JS.DeleteConsumer(t.Context(), bus.StreamJobs, bus.ConsumerAssembler))
	becomes("queue_missing")
	r.must(t, r.JS.DeleteStream(t.Context(), bus.StreamJobs))
	becomes("feed_broken")
	r.must(t, bus.Provision(t.Context(), r.JS, bus.EmbeddedLayout([]string{"demo"})))
	becomes("well")
}
