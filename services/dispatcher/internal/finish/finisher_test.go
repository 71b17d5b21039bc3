package finish

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestFinisher_forgetsALossOnceTheJobIsOver(t *testing.T) {
	t.Parallel()
	f, record := newFinisher(t)
	f.finish(t.Context(), record.GetId()) // there is no plan
	if f.lost[record.GetId()] != 1 {
		t.Fatalf("counted %v", f.lost)
	}
	_, _, err := f.jobs.Update(t.Context(), record.GetId(), func(r *jobv1.Job) error {
		job.Advance(r, jobv1.State_STATE_CANCELLED, time.Now())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	f.finish(t.Context(), record.GetId())

	if len(f.lost) != 0 {
		t.Errorf("still counted: %v", f.lost)
	}
}

// TestFinisher_leavesTheTranscriptOfAnother is two dispatchers of different
// versions, who assemble different words.
func TestFinisher_leavesTheTranscriptOfAnother(t *testing.T) {
	t.Parallel()
	f, record := newFinisher(t)
	ours, theirs := &jobv1.Transcript{Engine: "one"}, &jobv1.Transcript{Engine: "two"}
	first, err := f.store(t.Context(), record, ours)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.point(t.Context(), record, first, ""); err != nil {
		t.Fatal(err)
	}

	second, err := f.store(t.Context(), record, theirs)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.point(t.Context(), record, second, ""); err != nil {
		t.Fatal(err)
	}

	data, err := blob.Get(t.Context(), f.blobs, first.GetKey())
	kept := &jobv1.Transcript{}
	if err != nil || proto.Unmarshal(data, kept) != nil || kept.GetEngine() != "one" {
		t.Errorf("the record's transcript is %v, %v", bytes.TrimSpace(data), err)
	}
	if blobs, err := f.blobs.List(t.Context(), job.BlobPrefix(record.GetId())); err != nil || len(blobs) != 1 {
		t.Errorf("stored are %v, %v; want the record's transcript alone", blobs, err)
	}
}

func TestLanguageOf_isEnglishForATranslation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options      *jobv1.Options
		spoken, want string
	}{
		"words tell it":                    {&jobv1.Options{Language: "auto"}, "ru", "ru"},
		"silence, asked for":               {&jobv1.Options{Language: "ru"}, "", "ru"},
		"silence, not asked for":           {&jobv1.Options{Language: "auto"}, "", ""},
		"silence that is to be translated": {&jobv1.Options{Language: "ru", Translate: true}, "", "en"},
	} {
		if got := languageOf(&jobv1.Job{Options: c.options}, c.spoken); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// newFinisher has a job that is assembling.
func newFinisher(t *testing.T) (*Finisher, *jobv1.Job) {
	t.Helper()
	jobs, err := job.Open(t.Context(), testkit.Bus(t).JS)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	record := &jobv1.Job{Id: "j1", UserId: "u", Attempt: 1, State: jobv1.State_STATE_ASSEMBLING, CreatedAt: timestamppb.Now()}
	if _, err := jobs.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return New(jobs, blobs, testkit.Log(t)), record
}
