package gateway_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// edit replaces a transcript by one segment.
func (u user) edit(id, tag, text string) reply {
	u.t.Helper()
	body := fmt.Sprintf(`{"segments":[{"start":0.1,"end":1.9,"text":%q}]}`, text)
	return u.send("PATCH", "/api/v1/transcription/"+id+"/transcript", body, "If-Match: "+tag)
}

func (u user) download(id, query string) reply {
	u.t.Helper()
	return u.send("GET", "/api/v1/transcription/"+id+"/download?format=text"+query, "")
}

// transcribed makes a job that is completed everywhere.
func (u user) transcribed(text string) string {
	u.t.Helper()
	id := u.task("")
	u.complete(id, text)
	testkit.Eventually(u.t, "completed", func() bool { return u.status(id, "").field("status") == "completed" })
	return id
}

func TestEdit_makesAVersionThatEverybodyReads(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "token.key")
	sameKey := func(c *gateway.Config) { c.KeyFile = key }
	r := start(t, sameKey)
	ann := r.login("ann")
	elsewhere := user{rig: r.another(sameKey), token: ann.token}
	id := ann.transcribed("Hello there.")
	tag := ann.download(id, "").wants(200, "").header.Get("Etag")
	elsewhere.download(id, "").wants(200, "") // it is cached everywhere

	got := elsewhere.edit(id, tag, "Hello  where?").wants(200, "")

	second := got.header.Get("Etag")
	if got.field("version") != "2" || second == tag || second == "" {
		t.Errorf("answer %s, tag %s after %s", got.body, second, tag)
	}
	testkit.Eventually(t, "the other gateway reads it", func() bool { return ann.download(id, "").body == "Hello where?\n" })
	third := ann.edit(id, second, "Good bye.").wants(200, "").header.Get("Etag")
	for query, want := range map[string]string{"&version=1": "Hello there.", "&version=2": "Hello where?", "&version=3": "Good bye."} {
		if got := elsewhere.download(id, query).wants(200, ""); got.body != want+"\n" {
			t.Errorf("%s: %q, want %q", query, got.body, want)
		}
	}
	whole := ann.send("GET", "/api/v1/transcription/"+id+"/download?format=json", "").wants(200, "")
	if whole.field("version") != "3" || whole.header.Get("Etag") != third || ann.send("GET", "/api/v1/transcription/"+id, "").field("transcript_version") != "3" {
		t.Errorf("result %s, %v", whole.body, whole.header)
	}
	elsewhere.download(id, "&version=4").wants(404, "version_not_found")
	ann.download(id, "&version=0").wants(400, "invalid_parameter")
	if all := ann.events(id, ""); all[0].member("text") != "Hello there." { // counted as it was told while it ran
		t.Errorf("events %v", all)
	}
}

func TestEdit_refuses(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann, ben := r.login("ann"), r.login("ben")
	id := ann.transcribed("Hello there.")
	path := "/api/v1/transcription/" + id + "/transcript"

	ann.send("PATCH", path, `{"segments":[]}`).wants(428, "precondition_required")
	for _, tag := range []string{`"1.2"`, `W/"1.1"`, `1.1`, `"x", "1.0"`} {
		ann.edit(id, tag, "No.").wants(412, "transcript_changed")
	}
	ann.send("PATCH", path, `{"segments":[{"start":1,"end":2.5,"text":"late"}]}`, `If-Match: "1.1"`).wants(422, "invalid_segments")
	ann.send("PATCH", path, `{"segments":1}`, `If-Match: "1.1"`).wants(400, "invalid_json")
	ann.send("PATCH", path, strings.Repeat(" ", 9<<20), `If-Match: "1.1"`).wants(413, "body_too_large")
	ben.edit(id, "*", "Mine.").wants(404, "task_not_found")
	ann.edit(ann.task(""), "*", "Early.").wants(404, "result_not_ready")
	if got := ann.download(id, ""); got.body != "Hello there.\n" {
		t.Errorf("transcript %q", got.body)
	}
	if n := r.edits(); n != 0 {
		t.Errorf("%d blobs are left of edits that came to nothing", n)
	}
}

// edits counts the blobs of edited transcripts.
func (r *rig) edits() (n int) {
	r.t.Helper()
	blobs, err := r.blobs.List(r.t.Context(), "jobs")
	r.ok(err)
	for _, b := range blobs {
		if job.IsEdit(b.Key) {
			n++
		}
	}
	return n
}

func TestEdit_ofManyAtOnceOneWins(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.transcribed("Hello there.")
	var made, late atomic.Int64
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			switch ann := (user{rig: r.off(), token: ann.token}); ann.edit(id, `"1.1"`, fmt.Sprintf("Edit %d.", n)).status {
			case 200:
				made.Add(1)
			case 412:
				late.Add(1)
			}
		})
	}
	all.Wait()

	if made.Load() != 1 || late.Load() != 7 {
		t.Errorf("%d made a version, %d were late", made.Load(), late.Load())
	}
	if n := r.edits(); n != 1 {
		t.Errorf("%d blobs of edits", n)
	}
}

// Else the version before would be lost: the record points at one blob only.
func TestEdit_waitsForTheHistory(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	r.history.set(func(h *history) { h.behind = true })
	id := ann.transcribed("Hello there.")

	refused := ann.edit(id, `"1.1"`, "Good bye.").wants(503, "history_behind")

	if refused.header.Get("Retry-After") == "" {
		t.Error("without Retry-After")
	}
	r.history.set(func(h *history) { h.down = true })
	if got := ann.edit(id, `"1.1"`, "Good bye."); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if n := r.edits(); n != 0 {
		t.Errorf("%d blobs of edits", n)
	}
}

func TestEdit_ofAJobThatOnlyTheHistoryHas(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	r.old(ann.id, neverMade)

	got := ann.edit(neverMade, `"1.1"`, "Not so long ago.").wants(200, "")

	if got.field("version") != "2" || ann.download(neverMade, "").body != "Not so long ago.\n" {
		t.Errorf("answer %s", got.body)
	}
	if record, _, err := r.store.Get(t.Context(), neverMade); err != nil || job.TranscriptVersion(record) != 2 {
		t.Errorf("record %v, %v", record, err)
	}
}
