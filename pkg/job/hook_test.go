package job_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const receiver = "https://example.org/ended"

func TestHooks_tellOfEachEndAndOfNothingElse(t *testing.T) {
	t.Parallel()
	for state, want := range map[jobv1.State]string{
		jobv1.State_STATE_QUEUED: "", jobv1.State_STATE_ASSEMBLING: "", jobv1.State_STATE_DELETED: "",
		jobv1.State_STATE_COMPLETED: "id_1_completed", jobv1.State_STATE_FAILED: "id_1_failed", jobv1.State_STATE_CANCELLED: "id_1_cancelled",
	} {
		record := &jobv1.Job{Id: "id", Attempt: 1, State: state, Options: &jobv1.Options{CallbackUrl: receiver}}
		got := job.Hooks(record, time.Now())
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || job.HookID(got[0]) != want || got[0].GetUrl() != receiver) {
			t.Errorf("%v: got %v, want %q", state, got, want)
		}
		record.Options.CallbackUrl = ""
		if got := job.Hooks(record, time.Now()); len(got) > 0 {
			t.Errorf("%v: nobody wants to be told, and %v", state, got)
		}
	}
}

// A user tries a failed job again before anybody read that it had failed.
func TestUpdate_keepsHowTheAttemptBeforeEnded(t *testing.T) {
	t.Parallel()
	store := open(t)
	failed := timestamppb.New(time.Now())
	_, err := store.Create(t.Context(), &jobv1.Job{Id: "id", Attempt: 1, State: jobv1.State_STATE_FAILED, FinishedAt: failed,
		Options: &jobv1.Options{CallbackUrl: receiver}})
	if err != nil {
		t.Fatal(err)
	}

	record, _, err := store.Update(t.Context(), "id", func(record *jobv1.Job) error {
		record.Attempt, record.State, record.FinishedAt = 2, jobv1.State_STATE_QUEUED, nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	hooks := job.Hooks(record, time.Now())
	if len(hooks) != 1 || job.HookID(hooks[0]) != "id_1_failed" || !hooks[0].GetEndedAt().AsTime().Equal(failed.AsTime()) {
		t.Errorf("got %v", hooks)
	}
	job.Advance(record, jobv1.State_STATE_CANCELLED, time.Now())
	if hooks := job.Hooks(record, time.Now()); len(hooks) != 2 || job.HookID(hooks[1]) != "id_2_cancelled" {
		t.Errorf("at the next end: %v", hooks)
	}
}

func TestQueueHook_keepsOneOfEach(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	store, err := job.Open(t.Context(), b.JS)
	if err != nil {
		t.Fatal(err)
	}
	hook := &jobv1.Hook{JobId: "id", UserId: "ann", Attempt: 1, State: jobv1.State_STATE_FAILED}
	again := &jobv1.Hook{JobId: "id", UserId: "ann", Attempt: 1, State: jobv1.State_STATE_FAILED, Again: true}
	other := &jobv1.Hook{JobId: "other", UserId: "bob", Attempt: 1, State: jobv1.State_STATE_FAILED}
	queued := func() uint64 {
		stream, err := b.JS.Stream(t.Context(), job.HookStream)
		if err != nil {
			t.Fatal(err)
		}
		return stream.CachedInfo().State.Msgs
	}

	for _, one := range []*jobv1.Hook{hook, again, other, hook, again, other} {
		if err := store.QueueHook(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	if got := queued(); got != 3 {
		t.Errorf("%d hooks are queued, want 3", got)
	}

	if err := store.PurgeHooks(t.Context(), "id"); err != nil || queued() != 1 {
		t.Errorf("%d are left of others, want 1; %v", queued(), err)
	}
	if err := store.PurgeTraces(t.Context(), "bob"); err != nil || queued() != 0 {
		t.Errorf("%d are left of a user, want none; %v", queued(), err)
	}
}
