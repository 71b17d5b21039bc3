package gateway_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestHistory_showsAJobAtOnceThoughTheHistoryIsBehind(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	var ids []string
	for range 3 {
		ids = append(ids, ann.task(""))
	}
	testkit.Eventually(t, "the history has the first three", func() bool {
		return r.history.has(ids[2], jobv1.State_STATE_QUEUED)
	})
	r.history.set(func(h *history) { h.behind = true })
	ids = append(ids, ann.task(""), ann.task(""))
	r.complete(ids[0], "Done.")
	testkit.Eventually(t, "completed", func() bool { return ann.status(ids[0], "").field("status") == "completed" })

	first := page(t, ann, "?page=1&limit=4")
	rest := page(t, ann, "?limit=4&cursor="+*first.NextCursor)
	whole := page(t, ann, "")
	tiny := page(t, ann, "?limit=1")

	wantIDs(t, first, ids[4], ids[3], ids[2], ids[1])
	wantIDs(t, rest, ids[0])
	wantIDs(t, whole, ids[4], ids[3], ids[2], ids[1], ids[0])
	wantIDs(t, tiny, ids[4])
	if first.Total != 5 || tiny.Total != 5 || rest.Items[0].Status != "completed" {
		t.Errorf("total %d, oldest %+v", first.Total, rest.Items[0])
	}
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

func page(t testing.TB, u user, query string) historyPage {
	t.Helper()
	var p historyPage
	got := u.send("GET", "/api/v1/user/history"+query, "").wants(200, "")
	if err := json.Unmarshal([]byte(got.body), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func wantIDs(t *testing.T, p historyPage, want ...string) {
	t.Helper()
	var got []string
	for _, item := range p.Items {
		got = append(got, item.TaskID)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
