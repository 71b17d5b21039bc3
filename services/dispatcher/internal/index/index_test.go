package index_test

import (
	"slices"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/index"
)

func TestIndex_movesAJobFromLiveToOver(t *testing.T) {
	t.Parallel()
	x := index.New()
	x.Observe(&jobv1.Job{Id: "j", State: jobv1.State_STATE_QUEUED}, 1)
	x.Observe(&jobv1.Job{
		Id: "j", State: jobv1.State_STATE_COMPLETED, Attempt: 2, Transcript: &jobv1.BlobRef{Key: "k"},
	}, 5)

	over, ok := x.Over("j")

	if !ok || over.Revision != 5 || over.Transcript != "k" || over.Attempt != 2 || x.IsLive("j") {
		t.Errorf("got %+v, %v", over, ok)
	}
}

func TestIndex_followsARetry(t *testing.T) {
	t.Parallel()
	x := index.New()
	x.Observe(&jobv1.Job{Id: "j", State: jobv1.State_STATE_FAILED, Attempt: 1}, 1)
	x.Observe(&jobv1.Job{Id: "j", State: jobv1.State_STATE_QUEUED, Attempt: 2}, 2)

	if _, ok := x.Over("j"); ok || !x.IsLive("j") || len(x.AllOver()) != 0 {
		t.Error("the job still counts as over")
	}
}

func TestIndex_dropsWhatARelistDoesNotTell(t *testing.T) {
	t.Parallel()
	x := index.New()
	x.Restart()
	x.Observe(&jobv1.Job{Id: "kept", State: jobv1.State_STATE_QUEUED}, 1)
	x.Observe(&jobv1.Job{Id: "purged", State: jobv1.State_STATE_QUEUED}, 2)
	x.Observe(&jobv1.Job{Id: "done", State: jobv1.State_STATE_FAILED}, 3)
	x.CaughtUp()

	x.Restart()
	x.Observe(&jobv1.Job{Id: "kept", State: jobv1.State_STATE_QUEUED}, 1)
	gone := x.CaughtUp()

	if !slices.Equal(gone, []string{"purged"}) || len(x.Live()) != 1 || len(x.AllOver()) != 0 || !x.Ready() {
		t.Errorf("gone %v, live %v, over %v", gone, x.Live(), x.AllOver())
	}
}

func TestIndex_forgetsAPurgedJob(t *testing.T) {
	t.Parallel()
	x := index.New()
	x.Observe(&jobv1.Job{Id: "j", State: jobv1.State_STATE_QUEUED}, 1)

	x.Forget("j")

	if x.IsLive("j") || len(x.Live()) != 0 {
		t.Error("the job is still there")
	}
}
