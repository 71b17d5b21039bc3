package storetest

import (
	"slices"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

func givesEachJobOnceNewestFirst(t *testing.T, store history.Store) {
	want := recordMany(t, store, "ann", 23)
	recordMany(t, store, "bob", 5)
	for _, limit := range []int{1, 4, 22, 23, 24} {
		if got := walkByPosition(t, store, "ann", limit); !slices.Equal(got, want) {
			t.Errorf("by position, limit %d: got %v, want %v", limit, got, want)
		}
		if got := walkByOffset(t, store, "ann", limit); !slices.Equal(got, want) {
			t.Errorf("by offset, limit %d: got %v, want %v", limit, got, want)
		}
	}
}

// recordMany stores n jobs, three a second, and returns their ids newest first.
func recordMany(t *testing.T, store history.Store, user string, n int) []string {
	t.Helper()
	var ids []string
	for i := range n {
		made := job(user, i, jobv1.State_STATE_QUEUED)
		made.CreatedAt.Seconds = created.Unix() + int64(i/3) // the id decides among three
		mustRecord(t, store, change(made, uint64(i+1)))
		ids = append(ids, made.GetId())
	}
	slices.Reverse(ids)
	return ids
}

func walkByPosition(t *testing.T, store history.Store, user string, limit int) []string {
	t.Helper()
	query := record.Query{UserID: user, Limit: limit}
	var ids []string
	for {
		page := mustPage(t, store, query)
		ids = append(ids, idsOf(page)...)
		if !page.More {
			return ids
		}
		last := record.PositionOf(page.Jobs[len(page.Jobs)-1])
		query.After = &last
	}
}

func walkByOffset(t *testing.T, store history.Store, user string, limit int) []string {
	t.Helper()
	query := record.Query{UserID: user, Limit: limit}
	var ids []string
	for {
		page := mustPage(t, store, query)
		ids = append(ids, idsOf(page)...)
		if !page.More {
			return ids
		}
		query.Offset += limit
	}
}

func showsOnlyTheAskedStates(t *testing.T, store history.Store) {
	mustRecord(t, store,
		change(job("ann", 1, jobv1.State_STATE_QUEUED), 1),
		change(completed(2), 2),
		change(job("ann", 3, jobv1.State_STATE_FAILED), 3),
		change(completed(4), 4),
		change(job("ann", 5, jobv1.State_STATE_DELETED), 5))
	cases := []struct {
		status []string
		want   []int
	}{
		{nil, []int{4, 3, 2, 1}},
		{[]string{"completed"}, []int{4, 2}},
		{[]string{"completed", "failed"}, []int{4, 3, 2}},
		{[]string{"cancelled"}, nil},
	}
	for _, c := range cases {
		page := mustPage(t, store, record.Query{UserID: "ann", Limit: 10, Status: c.status})
		var want []string
		for _, n := range c.want {
			want = append(want, job("ann", n, 0).GetId())
		}
		if got := idsOf(page); !slices.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", c.status, got, want)
		}
		if page.Total != 4 {
			t.Errorf("%v: total %d, want 4 whatever is asked for", c.status, page.Total)
		}
	}
}

func leavesOutWhatTheAskerKnowsBetter(t *testing.T, store history.Store) {
	mustRecord(t, store,
		change(job("ann", 1, jobv1.State_STATE_QUEUED), 1),
		change(job("ann", 2, jobv1.State_STATE_QUEUED), 2),
		change(job("ann", 3, jobv1.State_STATE_QUEUED), 3),
		change(job("ann", 4, jobv1.State_STATE_DELETED), 4),
		change(job("ann", 5, jobv1.State_STATE_QUEUED), 5))
	recordMany(t, store, "bob", 1)
	id := func(n int) string { return job("ann", n, 0).GetId() }
	known := []record.Known{
		{JobID: id(2), Revision: 7}, {JobID: id(3), Revision: 3}, {JobID: id(4), Revision: 4},
		{JobID: "not here yet", Revision: 9}, {JobID: job("bob", 0, 0).GetId(), Revision: 1},
	}

	page := mustPage(t, store, record.Query{UserID: "ann", Limit: 10, Without: known})
	second := mustPage(t, store, record.Query{UserID: "ann", Limit: 1, Offset: 1, Without: known})

	if got := idsOf(page); !slices.Equal(got, []string{id(5), id(1)}) || page.Total != 2 {
		t.Errorf("got %v of %d, want the first and the last job of 2", got, page.Total)
	}
	slices.Sort(page.Recorded)
	if !slices.Equal(page.Recorded, []string{id(3), id(4)}) {
		t.Errorf("recorded: %v, want the third and the fourth", page.Recorded)
	}
	if got := idsOf(second); !slices.Equal(got, []string{id(1)}) || second.More {
		t.Errorf("second page: %v, want the first job", got)
	}
}

func pageIsTheUsersOwn(t *testing.T, store history.Store) {
	recordMany(t, store, "ann", 3)
	bobs := recordMany(t, store, "bob", 2)

	page := mustPage(t, store, record.Query{UserID: "bob", Limit: 10})

	if !slices.Equal(idsOf(page), bobs) || page.Total != 2 {
		t.Errorf("got %v of %d", idsOf(page), page.Total)
	}
}

func pageOfAnEmptyHistoryIsEmpty(t *testing.T, store history.Store) {
	page := mustPage(t, store, record.Query{UserID: "nobody", Limit: 10, Offset: 50})
	if len(page.Jobs) != 0 || page.Total != 0 || page.More {
		t.Errorf("got %v", page)
	}
}

func mustPage(t *testing.T, store history.Store, query record.Query) record.Page {
	t.Helper()
	page, err := store.Page(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func idsOf(page record.Page) []string {
	var ids []string
	for _, j := range page.Jobs {
		ids = append(ids, j.GetId())
	}
	return ids
}
