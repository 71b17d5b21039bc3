package job_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestAgain_leavesNothingOfTheAttemptBefore(t *testing.T) {
	t.Parallel()
	created := timestamppb.New(time.Unix(1000, 0))
	record := &jobv1.Job{
		Id: "j", UserId: "ann", State: jobv1.State_STATE_QUEUED, Attempt: 1, Options: &jobv1.Options{Model: "demo"},
		Input: &jobv1.Input{BlobKey: "files/a"}, CreatedAt: created, Warnings: []string{"Less than perfect."}, Traceparent: "00-1",
	}
	want := proto.CloneOf(record)
	record.Media, record.Chunks, record.Done, record.DoneMs = &jobv1.Media{DurationMs: 9}, 3, []byte{1}, 4
	record.Language, record.LeadChunk, record.Error = "en", 2, &jobv1.Error{Code: "internal"}
	job.Advance(record, jobv1.State_STATE_PREPROCESSING, time.Unix(1001, 0))
	job.Advance(record, jobv1.State_STATE_FAILED, time.Unix(1002, 0))

	job.Again(record, time.Unix(5000, 0))

	want.Attempt, want.RetriedAt = 2, timestamppb.New(time.Unix(5000, 0))
	if !proto.Equal(record, want) {
		t.Errorf("got  %v\nwant %v", record, want)
	}
	job.Advance(record, jobv1.State_STATE_PREPROCESSING, time.Unix(5003, 0))
	if waited := record.GetTimings()[0].GetDurationMs(); waited != 3000 {
		t.Errorf("the second attempt waited %d ms, want 3000", waited)
	}
}

func TestStore_takesOnlyTheNextVersionOfATranscript(t *testing.T) {
	t.Parallel()
	store := open(t)
	record := accept(t, store)
	set := func(version uint32) error {
		_, _, err := store.Update(t.Context(), record.GetId(), func(r *jobv1.Job) error {
			r.TranscriptVersion = version
			return nil
		})
		return err
	}
	move(t, store, record.GetId(), func(r *jobv1.Job) { r.State = jobv1.State_STATE_COMPLETED })
	for _, c := range []struct {
		version uint32
		refused bool
	}{{0, true}, {1, true}, {3, true}, {2, false}, {2, true}, {1, true}, {3, false}} {
		if err := set(c.version); fault.Is(err, fault.Conflict) != c.refused || err != nil && !c.refused {
			t.Errorf("version %d: %v, want refused %v", c.version, err, c.refused)
		}
	}
	move(t, store, record.GetId(), func(r *jobv1.Job) { r.State = jobv1.State_STATE_DELETED })
	if err := set(4); !fault.Is(err, fault.Conflict) {
		t.Errorf("of a deleted job: %v", err)
	}
}
