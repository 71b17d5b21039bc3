package job_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestErased_hearsOfOrdersBeforeAndAfter(t *testing.T) {
	t.Parallel()
	store := open(t)
	order := func(user, by string) {
		t.Helper()
		if err := store.OrderErasure(t.Context(), &accountv1.Erasure{UserId: user, OrderedBy: by, OrderedAt: timestamppb.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	order("ann", "boss")
	var heard atomic.Int64
	erased := job.NewErased(func(string) { heard.Add(1) })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); erased.Follow(ctx, store, slog.New(slog.DiscardHandler)) }()
	defer func() { stop(); <-ended }()

	testkit.Eventually(t, "ann is known, and that there is nobody else", func() bool { return erased.Has("ann") && erased.Current() })
	order("bob", "boss")
	testkit.Eventually(t, "bob is known", func() bool { return erased.Has("bob") })
	order("ann", "somebody else") // the first order stands
	for range 2 {
		if err := store.FinishErasure(t.Context(), "ann", time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Eventually(t, "ann is erased", func() bool { return erased.Order("ann").GetFinishedAt() != nil })

	erased.Put(&accountv1.Erasure{UserId: "ann"}) // what was known before
	if got := erased.Order("ann"); got.GetOrderedBy() != "boss" || got.GetFinishedAt().GetSeconds() != 1 {
		t.Errorf("order %v", got)
	}
	if erased.Has("carl") || len(erased.All()) != 2 || heard.Load() != 2 {
		t.Errorf("%v, %d heard of", erased.All(), heard.Load())
	}
}

func TestBury_leavesATombstone(t *testing.T) {
	t.Parallel()
	store := open(t)
	created := timestamppb.New(time.Unix(1000, 0))
	record := &jobv1.Job{
		Id: "0198c0de-0000-7000-8000-000000000001", UserId: "ann", Attempt: 2, State: jobv1.State_STATE_FAILED,
		Options: &jobv1.Options{Prompt: "secret"}, Input: &jobv1.Input{Name: "secret.mp3"},
		Error: &jobv1.Error{Message: "secret"}, Warnings: []string{"secret"}, CreatedAt: created, FinishedAt: created,
	}
	if _, err := store.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}

	got, _, err := store.Update(t.Context(), record.GetId(), func(r *jobv1.Job) error {
		job.Bury(r, time.Now())
		return nil
	})

	want := &jobv1.Job{Id: record.GetId(), UserId: "ann", Attempt: 2, State: jobv1.State_STATE_DELETED,
		CreatedAt: created, FinishedAt: created, UpdatedAt: got.GetUpdatedAt()}
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}
