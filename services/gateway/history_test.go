package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestHistory_showsAJobAtOnceThoughTheHistoryIsBehind(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ids := tasks(ann, 3)
	r.historyHas(ids, jobv1.State_STATE_QUEUED)
	r.history.set(func(h *history) { h.behind = true })
	ids = slices.Concat(tasks(ann, 2), ids) // newest first
	r.complete(ids[4], "Done.")
	testkit.Eventually(t, "completed", func() bool { return ann.status(ids[4], "").field("status") == "completed" })

	for limit := 1; limit <= 6; limit++ { // with 1 and 2 the first page has no row of the history
		wantPages(t, fmt.Sprintf("by cursor, limit %d", limit), byCursor(t, ann, limit, ""), limit, ids)
		wantPages(t, fmt.Sprintf("by page, limit %d", limit), byPage(t, ann, limit, ""), limit, ids)
	}

	if oldest := page(t, ann, "?limit=4&page=2"); len(oldest.Items) != 1 || oldest.Items[0].Status != "completed" {
		t.Errorf("the oldest: %+v", oldest.Items)
	}
}

// While somebody pages by cursor, the recorder catches up in steps.
func TestHistory_showsEachJobOnceWhileItIsRecorded(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	r.history.set(func(h *history) { h.behind = true })
	ids := tasks(ann, 6)

	var shown []string
	for cursor := ""; ; {
		p := page(t, ann, "?limit=1&cursor="+cursor)
		shown = append(shown, p.ids()...)
		if p.Total != 6 {
			t.Errorf("total %d after %d jobs, want 6", p.Total, len(shown))
		}
		if p.NextCursor == nil {
			break
		}
		cursor = *p.NextCursor
		r.recordOne(ids[len(shown)-1]) // which was shown
		r.recordOne(ids[len(ids)-len(shown)])
	}

	if !slices.Equal(shown, ids) {
		t.Errorf("got %v\nwant %v", shown, ids)
	}
}

func TestHistory_forgetsADeletedJobThoughTheHistoryIsBehind(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ids := tasks(ann, 3)
	r.historyHas(ids, jobv1.State_STATE_QUEUED)
	r.history.set(func(h *history) { h.behind = true })

	ann.send("DELETE", "/api/v1/transcription/"+ids[1], "").wants(204, "")

	want := []string{ids[0], ids[2]}
	wantPages(t, "by cursor", byCursor(t, ann, 1, ""), 1, want)
	wantPages(t, "by page", byPage(t, ann, 1, ""), 1, want)
}

func TestHistory_showsTheJobsOfAStatus(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ids := tasks(ann, 6)
	r.historyHas(ids, jobv1.State_STATE_QUEUED)
	r.advance(ids[1], jobv1.State_STATE_FAILED)
	r.advance(ids[3], jobv1.State_STATE_ASSEMBLING)
	r.historyHas([]string{ids[1]}, jobv1.State_STATE_FAILED)
	r.historyHas([]string{ids[3]}, jobv1.State_STATE_ASSEMBLING)
	r.history.set(func(h *history) { h.behind = true })
	r.advance(ids[4], jobv1.State_STATE_FAILED) // which only the gateway knows
	testkit.Eventually(t, "the gateway knows", func() bool { return ann.status(ids[4], "").field("status") == "failed" })

	for filter, want := range map[string][]string{
		"&status=failed":                     {ids[1], ids[4]},
		"&status=transcribing":               {ids[3]}, // which assembling counts as
		"&status=queued":                     {ids[0], ids[2], ids[5]},
		"&status=transcribing&status=failed": {ids[1], ids[3], ids[4]},
		"&status=cancelled":                  nil,
		"&status=":                           ids,
	} {
		for _, limit := range []int{1, 2, 10} {
			if got := idsOf(byCursor(t, ann, limit, filter)); !slices.Equal(got, want) {
				t.Errorf("%s by cursor, limit %d: got %v\nwant %v", filter, limit, got, want)
			}
			if got := idsOf(byPage(t, ann, limit, filter)); !slices.Equal(got, want) {
				t.Errorf("%s by page, limit %d: got %v\nwant %v", filter, limit, got, want)
			}
		}
	}
}

func TestHistory_asksAboutAJobUntilItIsRecorded(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ids := tasks(ann, 3)
	r.historyHas(ids, jobv1.State_STATE_QUEUED)
	asked := func() (n int) {
		page(t, ann, "")
		r.history.set(func(h *history) { n = len(h.asked[len(h.asked)-1].GetWithout()) })
		return n
	}

	if first, second := asked(), asked(); first != 3 || second != 0 {
		t.Errorf("asked about %d jobs, then %d; want 3, then none", first, second)
	}
	r.advance(ids[0], jobv1.State_STATE_PREPROCESSING)
	r.historyHas(ids[:1], jobv1.State_STATE_PREPROCESSING)
	testkit.Eventually(t, "the gateway knows", func() bool { return ann.status(ids[0], "").field("status") == "preprocessing" })
	if third, fourth := asked(), asked(); third != 1 || fourth != 0 {
		t.Errorf("after a step asked about %d jobs, then %d; want 1, then none", third, fourth)
	}
}

// Filters hold for jobs that only the gateway knows as for those of the history.
func TestHistory_filtersWhatTheHistoryDoesNotHaveYet(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	bodies := []string{`"language":"ru"`, `"language":"en"`, `"language":"ru"`, `"language":"en"`}
	var ids []string // oldest first
	for n, options := range bodies {
		file := fmt.Sprintf("f%d", n)
		ann.send("PUT", "/api/v1/files/"+file+"?name="+url.QueryEscape([]string{"Отчёт", "note"}[n/2]+file+".wav"), sound(file)).wants(201, "")
		ids = append(ids, ann.send("POST", "/api/v1/transcription/create", `{"file_id":"`+file+`",`+options+`}`).wants(201, "").field("task_id"))
		if n == 1 {
			r.historyHas(ids, jobv1.State_STATE_QUEUED)
			r.history.set(func(h *history) { h.behind = true })
		}
	}
	made := func(n int) string {
		record, _, err := r.store.Get(t.Context(), ids[n])
		r.ok(err)
		return record.GetCreatedAt().AsTime().Format(time.RFC3339Nano)
	}
	today := time.Now().UTC().Format(time.DateOnly)
	for filter, want := range map[string][]string{
		"language=ru":                            {ids[2], ids[0]},
		"language=EN&model=whisper-tiny":         nil,
		"language=&model=demo":                   {ids[3], ids[2], ids[1], ids[0]},
		"file_name=" + url.QueryEscape("Отчётf"): {ids[1], ids[0]},
		"file_name=note&language=en":             {ids[3]},
		"from=" + made(1) + "&to=" + made(3):     {ids[2], ids[1]},
		"to=2020-01-01":                          nil,
		"from=2020-01-01&to=" + today:            {ids[3], ids[2], ids[1], ids[0]},
		"sort=-created_at&status=queued":         {ids[3], ids[2], ids[1], ids[0]},
	} {
		for _, limit := range []int{1, 3, 10} {
			if got := idsOf(byCursor(t, ann, limit, "&"+filter)); !slices.Equal(got, want) {
				t.Errorf("%s by cursor, limit %d: got %v\nwant %v", filter, limit, got, want)
			}
		}
	}
	if all := page(t, ann, "?language=ru&limit=1"); all.Total != 4 || all.NextCursor == nil {
		t.Errorf("%+v; want a total of all jobs", all)
	} else {
		ann.send("GET", "/api/v1/user/history?language=en&limit=1&cursor="+*all.NextCursor, "").wants(400, "invalid_cursor")
		ann.send("GET", "/api/v1/user/history?limit=1&cursor="+*all.NextCursor, "").wants(400, "invalid_cursor")
		ann.send("GET", "/api/v1/user/history?language=RU&limit=7&cursor="+*all.NextCursor, "").wants(200, "")
	}
}

func TestHistory_refusesFiltersThatMakeNoSense(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	for query, field := range map[string]string{
		"statuss=queued": "statuss", "status=done": "status", "language=russian": "language", "from=yesterday": "from",
		"to=2026-13-01": "to", "sort=file_name": "sort", "q=%ff": "q", "file_name=%00": "file_name",
		"model=" + strings.Repeat("m", 1001): "model",
	} {
		got := ann.send("GET", "/api/v1/user/history?"+query, "").wants(400, "invalid_parameter")
		if got.field("field") != field {
			t.Errorf("%s: %s", query, got.body)
		}
	}
	ann.send("GET", "/api/v1/user/history?language=ru&page=1001&limit=10", "").wants(400, "use_cursor")
}

func TestStats_tellWhatTheJobsComeTo(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	tasks(ann, 2)
	var own struct {
		Jobs           map[string]int
		Audio          float64 `json:"audio_seconds"`
		RealTimeFactor float64 `json:"real_time_factor"`
		Days           []struct {
			Date  string
			Jobs  int
			Audio float64 `json:"audio_seconds"`
		}
		Languages, Models []map[string]any
		Storage           struct{ Bytes int }
	}
	r.ok(json.Unmarshal([]byte(ann.send("GET", "/api/v1/user/stats", "").wants(200, "").body), &own))

	if own.Jobs["total"] != 41 || own.Jobs["completed"] != 40 || own.Jobs["transcribing"] != 1 || own.Audio != 80 || own.RealTimeFactor != 0.25 {
		t.Errorf("got %+v", own)
	}
	if own.Storage.Bytes != len(sound("f1")) {
		t.Errorf("storage %+v; want the one recording", own.Storage)
	}
	last := own.Days[len(own.Days)-1]
	if len(own.Days) != 30 || last.Jobs != 29 || last.Audio != 1.5 || len(own.Languages) != 1 || own.Models[0]["model"] != "demo" {
		t.Errorf("got %+v", own)
	}
	all := ann.send("GET", "/api/v1/stats", "").wants(200, "")
	if all.field("queue_depth") != "2" || all.field("running") != "0" || all.field("real_time_factor") != "null" {
		t.Errorf("got %s", all.body)
	}

	r.history.set(func(h *history) { h.down = true })
	ann.send("GET", "/api/v1/user/stats", "").wants(503, "history_unavailable")
	ann.send("GET", "/api/v1/stats", "").wants(503, "history_unavailable")
}

func TestStatus_tellsThatThePositionIsNotKnown(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	if got := ann.status(ann.task(""), ""); got.field("position") != "null" {
		t.Errorf("position %q in %s, want null", got.field("position"), got.body)
	}
}

// tasks makes jobs and returns their ids, newest first.
func tasks(u user, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[n-1-i] = u.task("")
	}
	return ids
}

func (r *rig) historyHas(ids []string, state jobv1.State) {
	r.t.Helper()
	testkit.Eventually(r.t, "the history is not behind", func() bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return !r.history.has(id, state) })
	})
}

// recordOne lets a history that is behind see one job as it is.
func (r *rig) recordOne(id string) {
	r.t.Helper()
	record, revision, err := r.store.Get(r.t.Context(), id)
	r.ok(err)
	r.history.set(func(h *history) { h.rows[id] = job.Event{ID: id, Job: record, Revision: revision} })
}

type historyPage struct {
	Items []struct {
		TaskID string `json:"task_id"`
		Status string `json:"status"`
	} `json:"items"`
	Page       int     `json:"page"`
	Limit      int     `json:"limit"`
	Total      int     `json:"total"`
	NextCursor *string `json:"next_cursor"`
}

func (p historyPage) ids() []string {
	var ids []string
	for _, item := range p.Items {
		ids = append(ids, item.TaskID)
	}
	return ids
}

func page(t testing.TB, u user, query string) historyPage {
	t.Helper()
	var p historyPage
	got := u.send("GET", "/api/v1/user/history"+query, "").wants(200, "")
	if err := json.Unmarshal([]byte(got.body), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// byCursor reads all pages, following their cursors.
func byCursor(t *testing.T, u user, limit int, filter string) []historyPage {
	t.Helper()
	var pages []historyPage
	for cursor, more := "", true; more; {
		p := page(t, u, fmt.Sprintf("?limit=%d&cursor=%s%s", limit, cursor, filter))
		if pages = append(pages, p); len(pages) > 100 {
			t.Fatal("the pages have no end")
		}
		if more = p.NextCursor != nil; more {
			cursor = *p.NextCursor
		}
	}
	return pages
}

// byPage reads all pages by their numbers, until one has no next.
func byPage(t *testing.T, u user, limit int, filter string) []historyPage {
	t.Helper()
	var pages []historyPage
	for more := true; more; {
		p := page(t, u, fmt.Sprintf("?limit=%d&page=%d%s", limit, len(pages)+1, filter))
		if pages = append(pages, p); len(pages) > 100 {
			t.Fatal("the pages have no end")
		}
		more = p.NextCursor != nil
	}
	return pages
}

func idsOf(pages []historyPage) []string {
	var ids []string
	for _, p := range pages {
		ids = append(ids, p.ids()...)
	}
	return ids
}

// wantPages checks that full pages show these jobs, each once, and all the total.
func wantPages(t *testing.T, how string, pages []historyPage, limit int, want []string) {
	t.Helper()
	if got := idsOf(pages); !slices.Equal(got, want) {
		t.Errorf("%s: got %v\nwant %v", how, got, want)
	}
	for i, p := range pages {
		if p.Total != len(want) || len(p.Items) > limit || i+1 < len(pages) && len(p.Items) < limit {
			t.Errorf("%s: page %d has %d jobs of %d", how, i+1, len(p.Items), p.Total)
		}
	}
}
