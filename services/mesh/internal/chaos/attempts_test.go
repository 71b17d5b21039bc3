package chaos_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// A task is begun, and again after its worker died, gave it back and failed; then its
// job ends and takes the counters with it.
func TestCountAgain_tellsWhyATaskWasBegunAgain(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	jobs, err := job.Open(t.Context(), b.JS)
	if err != nil {
		t.Fatal(err)
	}
	if err := chaos.KeepAttempts(t.Context(), b.JS); err != nil {
		t.Fatal(err)
	}
	task := &jobv1.Task{JobId: "0198c0de-0000-7000-8000-000000000001", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR}
	runs := int64(0)
	begin := func(a *jobv1.Attempts) {
		runs++
		a.Running, a.StartedAt = true, timestamppb.New(time.Unix(runs, 0))
	}
	giveBack := func(a *jobv1.Attempts) { a.Running = false }
	fail := func(a *jobv1.Attempts) { a.Running = false; a.Attempts++ }

	for n, change := range []func(*jobv1.Attempts){begin, begin, giveBack, begin, fail, begin} {
		if _, err := jobs.UpdateAttempts(t.Context(), task, change); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "it is kept", func() bool { return chaos.Stored(t, b, "WITNESS") == uint64(n+1) })
	}
	now, err := jobs.Moment(t.Context())
	if err == nil {
		err = jobs.PurgeFacts(t.Context(), task.GetJobId(), now)
	}
	if err != nil {
		t.Fatal(err)
	}

	again, err := chaos.CountAgain(t.Context(), b.JS)
	if want := (chaos.Again{CutOff: 2, GivenBack: 1}); err != nil || again != want {
		t.Errorf("counted %+v, %v; want %+v", again, err, want)
	}
}
