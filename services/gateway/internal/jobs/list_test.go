package jobs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// archive is a history of rows, newest first, that gives 1000 at once. It can filter by
// language, and finds words in the names of files.
type archive struct {
	historyv1.HistoryServiceClient
	rows []*jobv1.Job
}

func (a *archive) ListJobs(_ context.Context, req *historyv1.ListJobsRequest, _ ...grpc.CallOption) (*historyv1.ListJobsResponse, error) {
	if req.GetLimit() < 1 || req.GetLimit() > 1000 {
		return nil, fmt.Errorf("limit %d", req.GetLimit())
	}
	var all []*jobv1.Job
	reply := &historyv1.ListJobsResponse{}
	for _, row := range a.rows {
		hidden := slices.ContainsFunc(req.GetWithout(), func(k *historyv1.KnownJob) bool { return k.GetJobId() == row.GetId() })
		if !hidden {
			reply.Total++
		}
		if hidden && req.GetQuery() == "" || !strings.Contains(row.GetInput().GetName(), req.GetQuery()) ||
			req.GetLanguage() != "" && row.GetLanguage() != req.GetLanguage() {
			continue
		}
		all = append(all, row)
	}
	direction := 1
	if req.GetOldestFirst() {
		slices.Reverse(all)
		direction = -1
	}
	from := int(req.GetOffset())
	for at := req.GetAfter(); at != nil && from < len(all) && direction*positionOf(all[from]).compare(position{at.GetCreatedAtUs(), at.GetJobId()}) <= 0; {
		from++
	}
	from = min(from, len(all))
	to := min(from+int(req.GetLimit()), len(all))
	reply.Jobs = all[from:to]
	reply.More = to < len(all)
	return reply, nil
}

// lagging makes jobs of which the history has a part, and the index a part that the
// history does not have, or not as it is. All ids are returned newest first.
func lagging(random *rand.Rand, n int) (*Jobs, []string) {
	begin := time.Unix(1_700_000_000, 0)
	history := &archive{}
	jobs := &Jobs{Index: index.New(func() time.Time { return begin }), History: history}
	var all []*jobv1.Job
	for i := range n {
		// Several in a microsecond, whose order the ids decide.
		at := begin.Add(time.Duration(random.IntN(n)) * 100 * time.Nanosecond)
		record := &jobv1.Job{
			Id: fmt.Sprintf("0198c0de-7c1a-7b3e-9a51-%012x", random.Int64N(1<<20)<<16+int64(i)), UserId: "ann",
			State: jobv1.State_STATE_QUEUED, CreatedAt: timestamppb.New(at), UpdatedAt: timestamppb.New(begin),
			Language: []string{"en", "ru"}[i%2],
		}
		all = append(all, record)
		where := random.IntN(8)
		if where != 0 {
			history.rows = append(history.rows, record)
		}
		if where <= 1 {
			jobs.Index.Put(record, uint64(i+1))
		}
	}
	newest := func(a, b *jobv1.Job) int { return positionOf(a).compare(positionOf(b)) }
	slices.SortFunc(all, newest)
	slices.SortFunc(history.rows, newest)
	var ids []string
	for _, record := range all {
		ids = append(ids, record.GetId())
	}
	return jobs, ids
}

func TestList_showsEachJobOnceWhereverItIsKnown(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		n := random.IntN(60)
		if seed == 0 {
			n = 3000 // pages that the history gives in parts
		}
		jobs, want := lagging(random, n)
		limit := 1 + random.IntN(n/2+2)
		if seed == 0 {
			limit = 1000
		}
		var filter Filter
		if seed%3 == 1 {
			slices.Reverse(want)
			filter.OldestFirst = true
		}
		if seed%2 == 1 {
			want = slices.DeleteFunc(want, func(id string) bool { return strings.ContainsAny(id[len(id)-1:], "02468ace") })
			filter.Language = "ru"
		}
		var byPage, byCursor []string
		for number, cursor := uint32(1), ""; number == 1 || cursor != ""; number++ {
			byCursor, cursor = appendPage(t, jobs, byCursor, Query{Page: 1, Limit: uint32(limit), Cursor: cursor, Filter: filter}, n)
			byPage, _ = appendPage(t, jobs, byPage, Query{Page: number, Limit: uint32(limit), Filter: filter}, n)
		}
		if !slices.Equal(byPage, want) {
			t.Errorf("seed %d by page: got %d jobs, want %d in order", seed, len(byPage), len(want))
		}
		if !slices.Equal(byCursor, want) {
			t.Errorf("seed %d by cursor: got %d jobs, want %d in order", seed, len(byCursor), len(want))
		}
	}
}

func appendPage(t *testing.T, jobs *Jobs, ids []string, query Query, total int) ([]string, string) {
	t.Helper()
	page, err := jobs.List(t.Context(), "ann", query)
	if err != nil {
		t.Fatal(err)
	}
	if page.Total != int64(total) || len(page.Entries) > int(query.Limit) {
		t.Errorf("%+v: %d jobs, total %d of %d", query, len(page.Entries), page.Total, total)
	}
	for _, e := range page.Entries {
		ids = append(ids, e.Job.GetId())
	}
	return ids, page.NextCursor
}

// Whether a job has the words only the history knows; what has become of it since, only
// the index.
func TestList_findsWordsOfWhatIsRecorded(t *testing.T) {
	t.Parallel()
	begin := time.Unix(1_700_000_000, 0)
	history := &archive{}
	jobs := &Jobs{Index: index.New(func() time.Time { return begin }), History: history}
	job := func(n int, state jobv1.State) *jobv1.Job {
		return &jobv1.Job{Id: fmt.Sprintf("0198c0de-7c1a-7b3e-9a51-%012x", n), UserId: "ann", State: state, Input: &jobv1.Input{Name: "word"},
			CreatedAt: timestamppb.New(begin), UpdatedAt: timestamppb.New(begin)}
	}
	for n := 5; n > 0; n-- {
		history.rows = append(history.rows, job(n, jobv1.State_STATE_COMPLETED))
	}
	jobs.Index.Put(job(1, jobv1.State_STATE_COMPLETED), 10)
	jobs.Index.Put(job(2, jobv1.State_STATE_DELETED), 11)
	jobs.Index.Put(job(3, jobv1.State_STATE_QUEUED), 12) // tried again
	jobs.Index.Put(job(6, jobv1.State_STATE_COMPLETED), 13)

	page, err := jobs.List(t.Context(), "ann", Query{Page: 1, Limit: 10, Filter: Filter{Words: "word"}})

	var ids []string
	for _, e := range page.Entries {
		ids = append(ids, e.Job.GetId())
	}
	want := []string{job(5, 0).GetId(), job(4, 0).GetId(), job(1, 0).GetId()}
	if err != nil || !slices.Equal(ids, want) || page.Total != 5 {
		t.Errorf("got %v of %d, %v; want %v of 5", ids, page.Total, err, want)
	}
}
