package storetest

import (
	"slices"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
	parse "github.com/stenomesh/stenomesh/services/history/internal/words"
)

func pageShowsOnlyWhatFits(t *testing.T, store history.Store) {
	names := []string{"отчёт.mp3", "отчёт 2.ogg", "Отчёт.mp3", "interview 100%_a.wav", "interview 100.wav", ""}
	for n, name := range names {
		made := completed(n)
		made.Input.Name = name
		if n%2 == 1 {
			made.Language, made.Options.ResolvedModel = "en", "large"
		}
		mustRecord(t, store, record.Change{Job: made, Revision: uint64(n + 1), Transcript: words3(n)})
	}
	queued := job("ann", 6, jobv1.State_STATE_QUEUED)
	queued.Options.Language = "en"
	mustRecord(t, store, change(queued, 7), change(job("ann", 7, jobv1.State_STATE_DELETED), 8))

	at := func(n int) *int64 { us := created.UnixMicro() + int64(n)*1_000_000; return &us }
	cases := map[string]struct {
		query record.Query
		want  []int
	}{
		"language":            {record.Query{Language: "en"}, []int{6, 5, 3, 1}},
		"model":               {record.Query{Model: "large"}, []int{5, 3, 1}},
		"name":                {record.Query{FileName: "отчёт"}, []int{1, 0}},
		"name, whole":         {record.Query{FileName: "отчёт.mp3"}, []int{0}},
		"name with a pattern": {record.Query{FileName: "interview 100%"}, []int{3}},
		"no such name":        {record.Query{FileName: "\U0010FFFF"}, nil},
		"from":                {record.Query{From: at(5)}, []int{6, 5}},
		"before":              {record.Query{Before: at(2)}, []int{1, 0}},
		"a stretch":           {record.Query{From: at(2), Before: at(4)}, []int{3, 2}},
		"a stretch of none":   {record.Query{From: at(4), Before: at(2)}, nil},
		"everything at once": {record.Query{Language: "en", Model: "large", FileName: "i", Status: []string{"completed"}, From: at(0),
			Before: at(9), Terms: terms(t, "three")}, []int{3}},
		"behind a place": {record.Query{Language: "en", After: &record.Position{CreatedAt: *at(5), JobID: completed(5).GetId()}}, []int{3, 1}},
		"passed over":    {record.Query{Language: "en", Offset: 2}, []int{3, 1}},
	}
	for name, c := range cases {
		c.query.UserID, c.query.Limit = "ann", 10
		page := mustPage(t, store, c.query)
		if got, want := idsOf(page), idsAt(c.want); !slices.Equal(got, want) || page.Total != 7 {
			t.Errorf("%s: got %v of %d, want %v of 7", name, got, page.Total, want)
		}
	}
}

// words3 is a transcript that tells a number.
func words3(n int) *jobv1.Transcript {
	numbers := []string{"zero", "one", "two", "three", "four", "five"}
	return &jobv1.Transcript{Segments: []*jobv1.Segment{{Text: "The number is " + numbers[n] + "."}}}
}

func idsAt(numbers []int) (ids []string) {
	for _, n := range numbers {
		ids = append(ids, job("ann", n, 0).GetId())
	}
	return ids
}

func terms(t *testing.T, query string) []parse.Term {
	t.Helper()
	parsed, err := parse.Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func pageGoesFromTheOldestOn(t *testing.T, store history.Store) {
	want := recordMany(t, store, "ann", 11)
	slices.Reverse(want)
	query := record.Query{UserID: "ann", Limit: 4, OldestFirst: true}
	var byPosition []string
	for more := true; more; {
		page := mustPage(t, store, query)
		byPosition = append(byPosition, idsOf(page)...)
		last := record.PositionOf(page.Jobs[len(page.Jobs)-1])
		query.After, more = &last, page.More
	}
	second := mustPage(t, store, record.Query{UserID: "ann", Limit: 4, Offset: 4, OldestFirst: true})

	if !slices.Equal(byPosition, want) || !slices.Equal(idsOf(second), want[4:8]) {
		t.Errorf("got %v and %v, want %v", byPosition, idsOf(second), want)
	}
}
