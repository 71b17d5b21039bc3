package job_test

import (
	"maps"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestStore_listsTheResultsThereAre(t *testing.T) {
	t.Parallel()
	store := open(t)
	want := map[job.ResultID]bool{{JobID: "a", Attempt: 1, Chunk: 0}: true, {JobID: "a", Attempt: 2, Chunk: 17}: true, {JobID: "b", Attempt: 1, Chunk: 3}: true}
	for id := range want {
		if err := store.CreateResult(t.Context(), &jobv1.ChunkResult{JobId: id.JobID, Attempt: id.Attempt, Chunk: id.Chunk}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.CreatePlan(t.Context(), &jobv1.Plan{JobId: "c", Attempt: 1}); err != nil { // no result
		t.Fatal(err)
	}

	got, err := store.ResultIDs(t.Context())

	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}
