package account_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/account"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// heard collects notes.
type heard struct {
	mu    sync.Mutex
	notes []*accountv1.AccountChanged
}

func (h *heard) take(change *accountv1.AccountChanged) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = append(h.notes, change)
}

// count returns how many notes name a user; "" is anybody.
func (h *heard) count(user string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, note := range h.notes {
		if note.GetUserId() == user {
			n++
		}
	}
	return n
}

func run(t *testing.T, work func(ctx context.Context)) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { work(ctx) })
	t.Cleanup(func() { stop(); all.Wait() })
}

func TestFollow_hearsOfChangesAndDoubtsAllAtTheStartAndAfterABreak(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	var h heard
	run(t, func(ctx context.Context) {
		if err := account.Follow(ctx, b.NC, h.take); err != nil {
			t.Error(err)
		}
	})
	testkit.Eventually(t, "all is doubted at the start", func() bool { return h.count("") == 1 })
	announcer := account.NewAnnouncer(b.NC, testkit.Log(t))

	announcer.Announce(t.Context(), &accountv1.AccountChanged{UserId: "ann", Locked: true, RemovedKeyId: "k1"})

	testkit.Eventually(t, "the change is heard", func() bool { return h.count("ann") == 1 })
	if err := b.NC.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "all is doubted after the break", func() bool { return h.count("") >= 2 })
}

func TestAnnouncer_tellsThatAnybodyMayHaveChangedAfterAStart(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	var h heard
	run(t, func(ctx context.Context) {
		if err := account.Follow(ctx, b.NC, h.take); err != nil {
			t.Error(err)
		}
	})
	testkit.Eventually(t, "it listens", func() bool { return h.count("") == 1 })

	run(t, account.NewAnnouncer(b.NC, testkit.Log(t)).Run)

	testkit.Eventually(t, "the start is heard", func() bool { return h.count("") == 2 })
}
