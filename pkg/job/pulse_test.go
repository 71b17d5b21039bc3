package job_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestStore_tellsOfAWriteWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	jobs := open(t)
	if err := jobs.Check(t.Context()); err != nil {
		t.Errorf("before any write: %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()

	if _, err := jobs.Patient().Create(late, &jobv1.Job{Id: "1"}); err == nil {
		t.Fatal("it was answered before it was asked")
	}
	if err := jobs.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after one without an answer: %v", err)
	}
	if _, err := jobs.Create(t.Context(), &jobv1.Job{Id: "1"}); err != nil {
		t.Fatal(err)
	}
	if err := jobs.Check(t.Context()); err != nil {
		t.Errorf("after an answer: %v", err)
	}
}

func TestStore_putsBackARecordThatIsGone(t *testing.T) {
	t.Parallel()
	js := testkit.Bus(t).JS
	jobs, err := job.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	_, err = jobs.Create(t.Context(), &jobv1.Job{Id: "1", UserId: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	record, _, err := jobs.Get(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.PutBack(t.Context(), record); !fault.Is(err, fault.Conflict) {
		t.Errorf("over one that is there: %v", err)
	}
	stream, err := js.Stream(t.Context(), "KV_"+job.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSubject("$KV.JOBS.job.1")); err != nil { // leaves no mark
		t.Fatal(err)
	}

	if err := jobs.PutBack(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	got, revision, err := jobs.Get(t.Context(), "1")
	if err != nil || got.GetUserId() != "ann" {
		t.Fatalf("got %v, %v", got, err)
	}
	if err := jobs.Purge(t.Context(), "1", revision); err != nil {
		t.Fatal(err)
	}
	if err := jobs.PutBack(t.Context(), record); !fault.Is(err, fault.Conflict) {
		t.Errorf("one that was removed: %v", err)
	}
}
