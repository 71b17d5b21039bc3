package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const batch = 64

// BenchmarkPage reads pages of 10 out of 10 000 jobs of one user.
func BenchmarkPage(b *testing.B) {
	store := openEmpty(b)
	fill(b, store, 10_000)
	deep := pageAt(b, store, 9_000)
	queries := map[string]record.Query{
		"first":       {UserID: "ann", Limit: 10},
		"cursor-9000": {UserID: "ann", Limit: 10, After: &deep},
		"offset-9000": {UserID: "ann", Limit: 10, Offset: 9_000},
		"first-1000":  {UserID: "ann", Limit: 1000},
	}
	for name, query := range queries {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				page, err := store.Page(b.Context(), query)
				if err != nil || len(page.Jobs) != query.Limit {
					b.Fatalf("%d jobs, %v", len(page.Jobs), err)
				}
			}
		})
	}
}

// BenchmarkRecord stores changes in batches of 64, each on disk when it returns.
func BenchmarkRecord(b *testing.B) {
	store := openEmpty(b)
	began := time.Now()
	jobs := 0
	for b.Loop() {
		if err := store.Record(b.Context(), changes(b, jobs, batch)); err != nil {
			b.Fatal(err)
		}
		jobs += batch
	}
	b.ReportMetric(float64(jobs)/time.Since(began).Seconds(), "jobs/s")
}

func fill(b *testing.B, store *Store, n int) {
	b.Helper()
	for first := 0; first < n; first += 1000 {
		if err := store.Record(b.Context(), changes(b, first, 1000)); err != nil {
			b.Fatal(err)
		}
	}
}

func changes(b *testing.B, first, n int) []record.Change {
	b.Helper()
	made := make([]record.Change, n)
	for i := range made {
		id, err := uuid.NewV7()
		if err != nil {
			b.Fatal(err)
		}
		at := time.Date(2026, 3, 1, 0, 0, first+i, 0, time.UTC)
		made[i] = record.Change{Revision: uint64(first + i + 1), Job: &jobv1.Job{
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

func pageAt(b *testing.B, store *Store, offset int) record.Position {
	b.Helper()
	page, err := store.Page(b.Context(), record.Query{UserID: "ann", Limit: 1, Offset: offset - 1})
	if err != nil || len(page.Jobs) != 1 {
		b.Fatalf("%v, %v", page, err)
	}
	return record.PositionOf(page.Jobs[0])
}
