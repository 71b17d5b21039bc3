package collect

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestApply_completesTheSetOnceInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		chunks := rapid.Uint32Range(1, 20).Draw(r, "chunks")
		var told []uint32 // every chunk once or twice
		for n := range chunks {
			told = append(told, n)
			if rapid.Bool().Draw(r, "twice") {
				told = append(told, n)
			}
		}
		told = rapid.Permutation(told).Draw(r, "order")
		record := transcribing(chunks)

		completed := 0
		for _, n := range told {
			before := record.GetState()
			apply(record, []*jobv1.ChunkResult{result(n, "en")}, now)
			if before != record.GetState() {
				completed++
			}
		}

		if completed != 1 || record.GetState() != jobv1.State_STATE_ASSEMBLING {
			r.Fatalf("moved %d times, to %v", completed, record.GetState())
		}
		if record.GetDoneMs() != int64(chunks)*1000 {
			r.Fatalf("counted %d ms", record.GetDoneMs())
		}
	})
}

func TestApply_failsTheJobWithTheCodeOfTheChunk(t *testing.T) {
	t.Parallel()
	record := transcribing(2)
	bad := &jobv1.ChunkResult{Attempt: 1, Chunk: 1, Error: &jobv1.Error{Code: "out_of_memory", Message: "Too big."}}

	changed := apply(record, []*jobv1.ChunkResult{result(0, "en"), bad}, now)

	if !changed || record.GetState() != jobv1.State_STATE_FAILED || record.GetError().GetCode() != "out_of_memory" {
		t.Errorf("got %v", record)
	}
}

func TestApply_leavesWhatItHasNoUseFor(t *testing.T) {
	t.Parallel()
	stale := result(0, "en")
	stale.Attempt = 7
	cancelled := transcribing(2)
	cancelled.State = jobv1.State_STATE_CANCELLED
	cases := map[string]struct {
		record *jobv1.Job
		result *jobv1.ChunkResult
	}{
		"another attempt":   {transcribing(2), stale},
		"a cancelled job":   {cancelled, result(0, "en")},
		"a chunk not there": {transcribing(2), result(2, "en")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := proto.CloneOf(c.record)

			if apply(c.record, []*jobv1.ChunkResult{c.result}, now) || !proto.Equal(before, c.record) {
				t.Errorf("the record changed to %v", c.record)
			}
		})
	}
}

func TestApply_takesTheLanguageFromTheLead(t *testing.T) {
	t.Parallel()
	record := transcribing(3)
	record.Options.Language = "auto"
	record.LeadChunk = 1

	apply(record, []*jobv1.ChunkResult{result(1, "")}, now)
	if record.GetLanguage() != "" || record.GetLeadChunk() != 0 {
		t.Fatalf("after silence: language %q, lead %d", record.GetLanguage(), record.GetLeadChunk())
	}
	apply(record, []*jobv1.ChunkResult{result(0, "ru")}, now)
	apply(record, []*jobv1.ChunkResult{result(2, "en")}, now)

	if record.GetLanguage() != "ru" {
		t.Errorf("language %q, want that of the lead", record.GetLanguage())
	}
}

func TestApply_keepsTheLanguageTheUserGave(t *testing.T) {
	t.Parallel()
	record := transcribing(1)

	apply(record, []*jobv1.ChunkResult{result(0, "ru")}, now)

	if record.GetLanguage() != "" || !job.AllDone(record) {
		t.Errorf("got %v", record)
	}
}

func transcribing(chunks uint32) *jobv1.Job {
	return &jobv1.Job{
		Id: "j", Attempt: 1, State: jobv1.State_STATE_TRANSCRIBING, Chunks: chunks,
		Options: &jobv1.Options{Language: "en"}, CreatedAt: timestamppb.New(now),
	}
}

func result(chunk uint32, language string) *jobv1.ChunkResult {
	return &jobv1.ChunkResult{JobId: "j", Attempt: 1, Chunk: chunk, AudioMs: 1000, Language: language}
}

func TestApply_warnsOnceOfWhatManyChunksSay(t *testing.T) {
	t.Parallel()
	record := transcribing(3)
	record.Warnings = []string{"said before"}
	for n := range uint32(3) {
		one := result(n, "en")
		one.Warnings = []string{"Of the 9 keywords only the first 4 could be used."}

		apply(record, []*jobv1.ChunkResult{one}, now)
	}

	if got := record.GetWarnings(); len(got) != 2 || got[1] != "Of the 9 keywords only the first 4 could be used." {
		t.Errorf("warnings %q", got)
	}
}
