package history_test

import (
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestListJobs_walksByCursorAndByPage(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	var want []string
	for range 7 {
		id := m.create(t).GetId()
		m.waitFor(t, id, 1)
		want = append([]string{id}, want...)
	}

	var byCursor, byPage []string
	for cursor, more := "", true; more; more = cursor != "" {
		page := m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 3, Cursor: cursor})
		byCursor, cursor = append(byCursor, idsOf(page)...), page.GetNextCursor()
	}
	for page := uint32(1); page <= 3; page++ {
		byPage = append(byPage, idsOf(m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 3, Page: page}))...)
	}

	if !slices.Equal(byCursor, want) {
		t.Errorf("by cursor %v, want %v", byCursor, want)
	}
	if !slices.Equal(byPage, want) {
		t.Errorf("by page %v, want %v", byPage, want)
	}
}

func TestListJobs_leavesToTheCallerWhatItKnowsBetter(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	var made []*jobv1.Job
	for range 4 {
		made = append(made, m.create(t))
		m.waitFor(t, made[len(made)-1].GetId(), 1)
	}
	known := []*historyv1.KnownJob{{JobId: made[1].GetId(), Revision: 1}, {JobId: made[2].GetId(), Revision: 1 << 40}}

	page := m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 1, Offset: 1, Without: known})
	behind := m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 9, Without: known,
		After: &historyv1.Position{CreatedAtUs: made[3].GetCreatedAt().AsTime().UnixMicro(), JobId: made[3].GetId()}})

	if !slices.Equal(idsOf(page), []string{made[0].GetId()}) || page.GetTotal() != 2 {
		t.Errorf("second of the others: %v", page)
	}
	if !slices.Equal(page.GetRecorded(), []string{made[1].GetId()}) {
		t.Errorf("recorded: %v, want the second job", page.GetRecorded())
	}
	if !slices.Equal(idsOf(behind), []string{made[0].GetId()}) {
		t.Errorf("behind the newest: %v", behind)
	}
}

func TestListJobs_refusesWhatItCannotAnswer(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	for range 2 {
		m.waitFor(t, m.create(t).GetId(), 1)
	}
	anns := m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 1}).GetNextCursor()
	if anns == "" {
		t.Fatal("no cursor to try")
	}
	cases := map[string]struct {
		req  *historyv1.ListJobsRequest
		code string
	}{
		"no limit":             {&historyv1.ListJobsRequest{UserId: "ann"}, "invalid_limit"},
		"too much":             {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1001}, "invalid_limit"},
		"too deep":             {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1000, Page: 11}, "use_cursor"},
		"page overflows":       {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1000, Page: 4294967295}, "use_cursor"},
		"offset too deep":      {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1, Offset: 10_000}, "use_cursor"},
		"no cursor at all":     {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1, Cursor: "hello"}, "invalid_cursor"},
		"somebody else's":      {&historyv1.ListJobsRequest{UserId: "bob", Limit: 1, Cursor: anns}, "invalid_cursor"},
		"cut":                  {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1, Cursor: anns[:20]}, "invalid_cursor"},
		"a state there is not": {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1, States: []jobv1.State{99}}, "invalid_status"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := m.history.ListJobs(t.Context(), c.req)
			if got := fault.Of(err); got == nil || got.Kind != fault.Invalid || got.Code != c.code {
				t.Errorf("got %v, want invalid with %s", err, c.code)
			}
		})
	}
	if _, err := m.history.ListJobs(t.Context(), &historyv1.ListJobsRequest{UserId: "ann", Limit: 1000, Page: 10}); err != nil {
		t.Errorf("the deepest page: %v", err)
	}
}

func TestGetJob_hidesWhatIsSomebodyElses(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	id := m.create(t).GetId()
	m.waitFor(t, id, m.complete(t, id, words))

	_, jobErr := m.history.GetJob(t.Context(), &historyv1.GetJobRequest{UserId: "bob", JobId: id})
	_, transcriptErr := m.history.GetTranscript(t.Context(), &historyv1.GetTranscriptRequest{UserId: "bob", JobId: id})

	if !fault.Is(jobErr, fault.NotFound) || !fault.Is(transcriptErr, fault.NotFound) {
		t.Errorf("got %v and %v, want not found", jobErr, transcriptErr)
	}
}

func (m *mesh) list(t *testing.T, req *historyv1.ListJobsRequest) *historyv1.ListJobsResponse {
	t.Helper()
	page, err := m.history.ListJobs(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return page
}
