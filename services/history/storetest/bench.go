package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// BenchmarkPage reads pages of 10 out of 10 000 jobs of one user. filled is called
// when they are there.
func BenchmarkPage(b *testing.B, store history.Store, filled func()) {
	for first := 0; first < 10_000; first += 1000 {
		benchRecord(b, store, Finished(b, first, 1000))
	}
	filled()
	deep := pageAt(b, store, 9_000)
	queries := []struct {
		name  string
		query record.Query
	}{
		{"first", record.Query{UserID: "ann", Limit: 10}},
		{"cursor-9000", record.Query{UserID: "ann", Limit: 10, After: &deep}},
		{"offset-9000", record.Query{UserID: "ann", Limit: 10, Offset: 9_000}},
		{"completed", record.Query{UserID: "ann", Limit: 10, Status: []string{"completed"}}},
		{"first-1000", record.Query{UserID: "ann", Limit: 1000}},
	}
	for _, q := range queries {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				page, err := store.Page(b.Context(), q.query)
				if err != nil || len(page.Jobs) != q.query.Limit {
					b.Fatalf("%d jobs, %v", len(page.Jobs), err)
				}
			}
		})
	}
}

// BenchmarkRecord stores new jobs with transcripts in batches of several sizes, and
// changes of jobs that are there.
func BenchmarkRecord(b *testing.B, store history.Store) {
	for _, size := range []int{1, 64, 1000} {
		stored := 0
		b.Run(fmt.Sprintf("new-%d", size), func(b *testing.B) {
			began, jobs := time.Now(), 0
			for b.Loop() {
				benchRecord(b, store, Finished(b, stored, size))
				stored += size
				jobs += size
			}
			b.ReportMetric(float64(jobs)/time.Since(began).Seconds(), "jobs/s")
		})
		there := Finished(b, 0, size)
		b.Run(fmt.Sprintf("changed-%d", size), func(b *testing.B) {
			began, jobs := time.Now(), 0
			for b.Loop() {
				for i := range there {
					there[i].Revision += uint64(size)
				}
				benchRecord(b, store, there)
				jobs += size
			}
			b.ReportMetric(float64(jobs)/time.Since(began).Seconds(), "jobs/s")
		})
	}
}

func benchRecord(b *testing.B, store history.Store, changes []record.Change) {
	b.Helper()
	if err := store.Record(b.Context(), changes); err != nil {
		b.Fatal(err)
	}
}

// Finished returns n new jobs, a second apart from the first one on.
func Finished(b testing.TB, first, n int) []record.Change {
	b.Helper()
	made := make([]record.Change, n)
	for i := range made {
		id, err := uuid.NewV7()
		if err != nil {
			b.Fatal(err)
		}
		at := created.Add(time.Duration(first+i) * time.Second)
		made[i] = record.Change{Revision: uint64(first + i + 1), Transcript: words(), Job: &jobv1.Job{
			Id: id.String(), UserId: "ann", Attempt: 1, State: jobv1.State_STATE_COMPLETED,
			CreatedAt: timestamppb.New(at), StartedAt: timestamppb.New(at), FinishedAt: timestamppb.New(at),
			Options: &jobv1.Options{Model: "whisper-1", ResolvedModel: "demo", Language: "auto", Languages: []string{"en", "ru"}},
			Input:   &jobv1.Input{FileId: "file1", Name: fmt.Sprintf("recording %d.mp3", i), Size: 1 << 20},
			Media:   &jobv1.Media{DurationMs: 60_000, Format: "mp3", Codec: "mp3", Channels: 2, SampleRate: 44_100},
			Timings: []*jobv1.Timing{{Stage: "queued", DurationMs: 3}, {Stage: "transcribing", DurationMs: 4000}},
		}}
	}
	return made
}

func pageAt(b *testing.B, store history.Store, offset int) record.Position {
	b.Helper()
	page, err := store.Page(b.Context(), record.Query{UserID: "ann", Limit: 1, Offset: offset - 1})
	if err != nil || len(page.Jobs) != 1 {
		b.Fatalf("%v, %v", page, err)
	}
	return record.PositionOf(page.Jobs[0])
}
