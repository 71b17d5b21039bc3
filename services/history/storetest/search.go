package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// say records the n-th job of ann as one that said this.
func say(t *testing.T, store history.Store, n int, text ...string) {
	t.Helper()
	mustRecord(t, store, record.Change{Job: completed(n), Revision: uint64(n + 1), Transcript: said(text...)})
}

func said(lines ...string) *jobv1.Transcript {
	transcript := &jobv1.Transcript{}
	for _, line := range lines {
		transcript.Segments = append(transcript.Segments, &jobv1.Segment{Text: line})
	}
	return transcript
}

// search returns the ids of ann's jobs that a query finds, newest first.
func search(t *testing.T, store history.Store, query string) []string {
	t.Helper()
	return idsOf(mustPage(t, store, record.Query{UserID: "ann", Limit: 100, Terms: terms(t, query)}))
}

func searchFindsEveryForm(t *testing.T, store history.Store) {
	say(t, store, 0, "Лекция начинается в шесть.", "Ёлки стояли у дома.")
	say(t, store, 1, "После лекций мы пошли домой.")
	say(t, store, 2, "The lecture began late,", "and to be honest: don't come.")
	say(t, store, 3, "Café O’Neill, 100 % of the programmes.")
	say(t, store, 4, "")
	cases := map[string][]int{
		"лекциями":             {1, 0},
		"ЛЕКЦИЯ шесть":         {0},
		"елка":                 {0},
		"дом":                  {1, 0},
		"lectures":             {2},
		"to be":                {2},
		"don't":                {2},
		`"late and to"`:        {2}, // over the end of a line
		`"to late"`:            nil,
		`"be honest" came`:     nil,
		"cafe o'neill":         {3},
		"100":                  {3},
		"program*":             {3},
		"programmes*":          {3},
		"лекц*":                {1, 0},
		"ле* дом*":             {1, 0},
		"nothing":              nil,
		"lecture лекция":       nil,
		`' & | ! <-> : ( ' be`: {2},
		`NOT be AND to`:        nil,
	}
	for query, want := range cases {
		if got := search(t, store, query); !slices.Equal(got, idsAt(want)) {
			t.Errorf("%s: got %v, want %v", query, got, idsAt(want))
		}
	}
	texts, err := store.Texts(t.Context(), "ann", append(idsAt([]int{0, 2}), "none"), 200)
	if want := "The lecture began late,\nand to be honest: don't come."; err != nil || len(texts) != 2 || texts[idsAt([]int{2})[0]] != want {
		t.Errorf("texts %q, %v", texts, err)
	}
	if texts, err := store.Texts(t.Context(), "ann", idsAt([]int{0, 2}), 20); err != nil || len(texts) != 0 {
		t.Errorf("texts that are too long: %q, %v", texts, err)
	}
	if texts, err := store.Texts(t.Context(), "bob", idsAt([]int{0, 2}), 200); err != nil || len(texts) != 0 {
		t.Errorf("somebody else's texts: %q, %v", texts, err)
	}
}

func searchIsTheUsersOwn(t *testing.T, store history.Store) {
	for n, user := range []string{"ann", "bob"} {
		done := job(user, n, jobv1.State_STATE_COMPLETED)
		mustRecord(t, store, record.Change{Job: done, Revision: uint64(n + 1), Transcript: said("The same words.")})
	}
	for _, query := range []string{"same", `"the same words"`, "sam*"} {
		if got := search(t, store, query); !slices.Equal(got, idsAt([]int{0})) {
			t.Errorf("%s: got %v", query, got)
		}
	}
}

func searchFollowsTheTranscript(t *testing.T, store history.Store) {
	say(t, store, 0, "first words")
	late := completed(1)
	mustRecord(t, store, change(late, 5))
	want := func(step, query string, numbers ...int) {
		t.Helper()
		if got := search(t, store, query); !slices.Equal(got, idsAt(numbers)) {
			t.Errorf("%s, %s: got %v, want %v", step, query, got, idsAt(numbers))
		}
	}
	mustRecord(t, store, record.Change{Job: late, Revision: 5, Transcript: said("late words")}) // it could not be read before
	want("filled", "words", 1, 0)
	mustRecord(t, store, record.Change{Job: completed(0), Revision: 6, Transcript: said("second thoughts")})
	want("changed", "first")
	want("changed", "thought", 0)
	mustRecord(t, store, record.Change{Job: completed(0), Revision: 4, Transcript: said("old words")})
	want("an old event", "old")

	again := job("ann", 0, jobv1.State_STATE_QUEUED)
	again.Attempt = 2
	mustRecord(t, store, change(again, 7))
	want("tried again", "thought")
	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_DELETED), 8))
	want("deleted", "late")
}

func searchWalksThroughAllHits(t *testing.T, store history.Store) {
	var want []int
	for n := range 20 {
		if n%3 == 0 {
			say(t, store, n, "other things")
			continue
		}
		say(t, store, n, "what is looked for")
		want = append([]int{n}, want...)
	}
	known := []record.Known{{JobID: completed(4).GetId(), Revision: 50}} // only the history can tell whether it matches
	query := record.Query{UserID: "ann", Limit: 4, Terms: terms(t, "looking"), Without: known}
	var got []string
	for more := true; more; {
		page := mustPage(t, store, query)
		got = append(got, idsOf(page)...)
		last := record.PositionOf(page.Jobs[len(page.Jobs)-1])
		if query.After, more = &last, page.More; page.Total != 19 {
			t.Errorf("total %d, want 19: one is known", page.Total)
		}
	}
	if !slices.Equal(got, idsAt(want)) {
		t.Errorf("got %v, want %v", got, idsAt(want))
	}
}

func searchTakesAWholeDay(t *testing.T, store history.Store) {
	lines := []string{strings.Repeat("ﷺ", 300), strings.Repeat("x", 5000)} // words as none should be
	for n := range 60_000 {
		lines = append(lines, fmt.Sprintf("w%d", n))
	}
	say(t, store, 0, lines...)
	for _, query := range []string{"w1", `"w7 w8"`, "w40000", strings.Repeat("x", 300)} {
		if got := search(t, store, query); len(got) != 1 {
			t.Errorf("%.10s is not found", query)
		}
	}
}
