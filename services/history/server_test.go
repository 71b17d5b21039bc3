package history_test

import (
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestListJobs_walksByPositionAndByOffset(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	var want []string
	for range 7 {
		id := m.create(t).GetId()
		m.waitFor(t, id, 1)
		want = append([]string{id}, want...)
	}

	var byPosition, byOffset []string
	var after *historyv1.Position
	for more := true; more; {
		page := m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 3, After: after})
		byPosition = append(byPosition, idsOf(page)...)
		after, more = placeOf(page.GetJobs()[len(page.GetJobs())-1]), page.GetMore()
	}
	for offset := uint32(0); offset < 9; offset += 3 {
		byOffset = append(byOffset, idsOf(m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 3, Offset: offset}))...)
	}

	if !slices.Equal(byPosition, want) {
		t.Errorf("by position %v, want %v", byPosition, want)
	}
	if !slices.Equal(byOffset, want) {
		t.Errorf("by offset %v, want %v", byOffset, want)
	}
}

func placeOf(job *jobv1.Job) *historyv1.Position {
	return &historyv1.Position{CreatedAtUs: job.GetCreatedAt().AsTime().UnixMicro(), JobId: job.GetId()}
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
		After: placeOf(made[3])})

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
	cases := map[string]struct {
		req  *historyv1.ListJobsRequest
		code string
	}{
		"no limit":              {&historyv1.ListJobsRequest{UserId: "ann"}, "invalid_limit"},
		"too much":              {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1001}, "invalid_limit"},
		"the last row too deep": {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1000, Offset: 9001}, "use_cursor"},
		"offset overflows":      {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1, Offset: 4294967295}, "use_cursor"},
		"offset too deep":       {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1, Offset: 10_000}, "use_cursor"},
		"a state there is not":  {&historyv1.ListJobsRequest{UserId: "ann", Limit: 1, States: []jobv1.State{99}}, "invalid_status"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := m.history.ListJobs(t.Context(), c.req)
			if got := fault.Of(err); got == nil || got.Kind != fault.Invalid || got.Code != c.code {
				t.Errorf("got %v, want invalid with %s", err, c.code)
			}
		})
	}
	if _, err := m.history.ListJobs(t.Context(), &historyv1.ListJobsRequest{UserId: "ann", Limit: 1000, Offset: 9000}); err != nil {
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
