package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

const neverMade = "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69"

func TestGateway_refusesBadRequests(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxUploadBytes = 1 << 20 })
	ann, ben := r.login("ann"), r.login("ben")
	running, done, failed, cancelled := ann.task(""), ann.task(""), ann.task(""), ann.task("")
	r.complete(done, "Hello.")
	r.advance(failed, jobv1.State_STATE_FAILED, func(j *jobv1.Job) { j.Error = &jobv1.Error{Code: "corrupt_media", Message: "Broken."} })
	r.advance(cancelled, jobv1.State_STATE_CANCELLED)
	testkit.Eventually(t, "the gateway sees the ends", func() bool {
		return ann.status(failed, "").field("status") == "failed" && ann.status(cancelled, "").field("status") == "cancelled"
	})

	const create, files, tasks = "/api/v1/transcription/create", "/api/v1/files", "/api/v1/transcription/"
	tests := []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"unknown route", "GET", "/api/v1/nothing", "", 404, "route_not_found"},
		{"wrong method", "POST", "/api/v1/user/history", "", 405, "method_not_allowed"},

		{"empty file", "POST", files, "", 422, "empty_file"},
		{"text", "POST", files + "?name=a.mp3", "This is text that was renamed.", 415, "unsupported_media"},
		{"web page", "POST", files, "<!DOCTYPE html><html>", 415, "unsupported_media"},
		{"playlist", "POST", files, "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", 415, "unsupported_media"},
		{"ffconcat", "POST", files, "ffconcat version 1.0\nfile '/etc/passwd'\n", 415, "unsupported_media"},
		{"zip", "PUT", files + "/z", "PK\x03\x04\x00\x00", 415, "unsupported_media"},
		{"over the limit", "POST", files, "ID3" + strings.Repeat("\x00", 1<<20), 413, "file_too_large"},
		{"far over the limit", "POST", files, "ID3" + strings.Repeat("\x00", 3<<20), 413, "file_too_large"},
		{"bad file id", "PUT", files + "/a%2Fb", sound("x"), 400, "invalid_file_id"},
		{"unknown file", "GET", files + "/nope", "", 404, "file_not_found"},
		{"unknown file, strange id", "GET", files + "/a%20b", "", 404, "file_not_found"},
		{"delete unknown file", "DELETE", files + "/nope", "", 404, "file_not_found"},

		{"no JSON", "POST", create, "hello", 400, "invalid_json"},
		{"array", "POST", create, "[]", 400, "invalid_json"},
		{"two objects", "POST", create, `{"file_id":"f1"}{}`, 400, "invalid_json"},
		{"no file", "POST", create, `{}`, 400, "invalid_json"},
		{"file id is a number", "POST", create, `{"file_id":1}`, 400, "invalid_json"},
		{"diarization is text", "POST", create, `{"file_id":"f1","diarization":"yes"}`, 400, "invalid_json"},
		{"beam size is a fraction", "POST", create, `{"file_id":"f1","beam_size":1.5}`, 400, "invalid_json"},
		{"large body", "POST", create, `{"prompt":"` + strings.Repeat("x", 2<<20) + `"}`, 413, "body_too_large"},
		{"job on unknown file", "POST", create, `{"file_id":"nope"}`, 404, "file_not_found"},
		{"unknown model", "POST", create, `{"file_id":"f1","model":"gpt-9"}`, 422, "model_not_found"},
		{"unknown language", "POST", create, `{"file_id":"f1","language":"xx"}`, 422, "language_not_supported"},
		{"language the fallback lacks", "POST", create, `{"file_id":"f1","model":"whisper-turbo","language":"fr"}`, 422, "language_not_supported"},
		{"candidate the model lacks", "POST", create, `{"file_id":"f1","languages":["en","fr"]}`, 422, "language_not_supported"},
		{"unknown task", "POST", create, `{"file_id":"f1","task":"sing"}`, 422, "invalid_option"},
		{"hot", "POST", create, `{"file_id":"f1","temperature":1.1}`, 422, "invalid_option"},
		{"no beam", "POST", create, `{"file_id":"f1","beam_size":0}`, 422, "invalid_option"},
		{"unknown priority", "POST", create, `{"file_id":"f1","priority":"now"}`, 422, "invalid_option"},
		{"empty keyword", "POST", create, `{"file_id":"f1","keywords":[""]}`, 422, "invalid_option"},
		{"large metadata", "POST", create, `{"file_id":"f1","metadata":"` + strings.Repeat("x", 5000) + `"}`, 422, "invalid_option"},
		{"split channels", "POST", create, `{"file_id":"f1","channels":"split"}`, 422, "not_available"},
		{"call back", "POST", create, `{"file_id":"f1","callback_url":"https://example.com"}`, 422, "not_available"},

		{"status of no id of ours", "GET", tasks + "task-1/status", "", 404, "task_not_found"},
		{"status of a job never made", "GET", tasks + neverMade + "/status", "", 404, "task_not_found"},
		{"long poll for a job never made", "GET", tasks + neverMade + "/status?wait=1s", "", 404, "task_not_found"},
		{"strange id", "GET", tasks + "%2a.%3e/status", "", 404, "task_not_found"},
		{"bad wait", "GET", tasks + running + "/status?wait=soon", "", 400, "invalid_parameter"},
		{"bad since", "GET", tasks + running + "/status?wait=1&since=x", "", 400, "invalid_parameter"},
		{"job never made", "GET", tasks + neverMade, "", 404, "task_not_found"},
		{"cancel a job never made", "POST", tasks + "task-1/cancel", "", 404, "task_not_found"},
		{"cancel a completed job", "POST", tasks + done + "/cancel", "", 409, "job_completed"},
		{"delete a job never made", "DELETE", tasks + "task-1", "", 404, "task_not_found"},

		{"unknown format", "GET", tasks + done + "/download?format=pdf", "", 400, "unknown_format"},
		{"download of a job never made", "GET", tasks + "task-1/download?format=text", "", 404, "task_not_found"},
		{"download before the end", "GET", tasks + running + "/download?format=srt", "", 404, "result_not_ready"},
		{"download of a failed job", "GET", tasks + failed + "/download", "", 404, "job_failed"},
		{"download of a cancelled job", "GET", tasks + cancelled + "/download", "", 404, "job_cancelled"},

		{"page zero", "GET", "/api/v1/user/history?page=0", "", 400, "invalid_parameter"},
		{"limit is text", "GET", "/api/v1/user/history?limit=many", "", 400, "invalid_parameter"},
		{"limit too large", "GET", "/api/v1/user/history?limit=1001", "", 400, "invalid_parameter"},
		{"page too deep", "GET", "/api/v1/user/history?page=1001&limit=10", "", 400, "use_cursor"},
		{"bad cursor", "GET", "/api/v1/user/history?cursor=x", "", 400, "invalid_cursor"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := ann.send(tc.method, tc.path, tc.body)
			got.t = t
			got.wants(tc.status, tc.code)
			if kind := got.header.Get("Content-Type"); kind != "application/problem+json" {
				t.Errorf("content type %q", kind)
			}
		})
	}

	t.Run("another user's things", func(t *testing.T) {
		for _, path := range []string{
			"GET " + tasks + done, "GET " + tasks + running + "/status", "GET " + tasks + done + "/download?format=text",
			"POST " + tasks + running + "/cancel", "DELETE " + tasks + running,
		} {
			method, path, _ := strings.Cut(path, " ")
			ben.send(method, path, "").wants(404, "task_not_found")
		}
		for _, path := range []string{"GET " + files + "/f1", "GET " + files + "/f1/audio", "DELETE " + files + "/f1"} {
			method, path, _ := strings.Cut(path, " ")
			ben.send(method, path, "").wants(404, "file_not_found")
		}
		ben.send("POST", create, `{"file_id":"f1"}`).wants(404, "file_not_found")
		if got := ben.send("GET", "/api/v1/user/history", "").field("total"); got != "0" {
			t.Errorf("another user's history has %s rows", got)
		}
		ann.send("GET", files+"/f1", "").wants(200, "")
	})
}

func TestGateway_needsALoginForWhatIsAUsers(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, path := range []string{
		"GET /api/v1/user/me", "GET /api/v1/user/history", "POST /api/v1/files", "PUT /api/v1/files/a", "GET /api/v1/files/a",
		"GET /api/v1/files/a/audio", "DELETE /api/v1/files/a", "POST /api/v1/transcription/create", "GET /api/v1/transcription/a",
		"DELETE /api/v1/transcription/a", "GET /api/v1/transcription/a/status", "POST /api/v1/transcription/a/cancel",
		"GET /api/v1/transcription/a/download", "GET /api/v1/models",
	} {
		method, path, _ := strings.Cut(path, " ")
		got := r.send(method, path, "").wants(401, "login_required")
		if got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", path)
		}
		r.send(method, path, "", "Authorization: Bearer e30.e30.").wants(401, "invalid_token")
	}
}

func TestGateway_carriesAJobFromUploadToDownload(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	file := ann.put("file1", sound("a")).wants(201, "")

	created := ann.send("POST", "/api/v1/transcription/create",
		`{"file_id":"file1","model":"whisper-large-v3","language":"auto","diarization":true,"metadata":{"a": 1},"new_field":0}`).wants(201, "")
	id := created.field("task_id")

	if created.field("status") != "queued" || created.header.Get("Location") != "/api/v1/transcription/"+id {
		t.Errorf("created %s, %v", created.body, created.header)
	}
	if got := ann.status(id, "").wants(200, ""); got.field("status") != "queued" || got.field("progress") != "0" {
		t.Errorf("status %s", got.body)
	}
	r.advance(id, jobv1.State_STATE_ASSEMBLING)
	testkit.Eventually(t, "assembling is told as transcribing", func() bool {
		got := ann.status(id, "")
		return got.field("status") == "transcribing" && got.field("stage") == "assembling"
	})
	r.complete(id, "Hello there.")
	testkit.Eventually(t, "completed", func() bool { return ann.status(id, "").field("status") == "completed" })
	for format, want := range map[string]string{
		"text": "Hello there.\n",
		"srt":  "1\n00:00:00,100 --> 00:00:01,900\nHello there.\n\n",
		"vtt":  "WEBVTT\n\n00:00:00.100 --> 00:00:01.900\nHello there.\n",
	} {
		got := ann.send("GET", "/api/v1/transcription/"+id+"/download?format="+format, "").wants(200, "")
		if got.body != want {
			t.Errorf("%s: %q, want %q", format, got.body, want)
		}
	}
	got := ann.send("GET", "/api/v1/transcription/"+id+"/download?format=json", "").wants(200, "")
	if got.field("text") != "Hello there." || !strings.Contains(got.field("warnings"), "large-v3 is not installed; demo was used") {
		t.Errorf("json: %s", got.body)
	}
	docx := ann.send("GET", "/api/v1/transcription/"+id+"/download?format=docx", "").wants(200, "")
	if !strings.HasPrefix(docx.body, "PK") || docx.header.Get("Content-Disposition") != "attachment; filename=file1.docx" {
		t.Errorf("docx: %v", docx.header)
	}
	task := ann.send("GET", "/api/v1/transcription/"+id, "").wants(200, "")
	if task.field("requested_model") != "whisper-large-v3" || task.field("model") != "demo" || task.field("metadata") != `{"a":1}` {
		t.Errorf("task %s", task.body)
	}
	if !strings.Contains(task.field("timings"), `"stage":"queued"`) || file.field("sha256") == "" {
		t.Errorf("task %s of file %s", task.body, file.body)
	}
}

func TestGateway_answersALongPollWhenTheJobChanges(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	before := ann.status(id, "")

	answered := make(chan reply)
	go func() { answered <- ann.status(id, "?wait=50s&since="+before.field("revision")) }()
	r.advance(id, jobv1.State_STATE_PREPROCESSING)

	if got := <-answered; got.status != 200 || got.field("status") != "preprocessing" {
		t.Errorf("got %s", got.body)
	}
	r.advance(id, jobv1.State_STATE_FAILED, func(j *jobv1.Job) { j.Error = &jobv1.Error{Code: "too_long", Message: "Too long."} })
	testkit.Eventually(t, "failed", func() bool { return ann.status(id, "").field("status") == "failed" })
	got := ann.status(id, "?wait=50s") // terminal: at once
	if got.field("error") != `{"code":"too_long","message":"Too long."}` {
		t.Errorf("got %s", got.body)
	}
}

func TestGateway_letsLongPollsGoWhenItStops(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	began := make(chan struct{})
	answered := make(chan reply)
	go func() {
		close(began)
		answered <- ann.status(id, "?wait=60s")
	}()
	<-began
	testkit.Eventually(t, "the poll has arrived", func() bool { return ann.status(id, "?wait=1ms").status == 200 })

	r.stop()

	if got := <-answered; got.status != 200 || got.field("status") != "queued" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestGateway_refinesProgressByNotes(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	r.advance(id, jobv1.State_STATE_TRANSCRIBING, func(j *jobv1.Job) {
		j.Chunks, j.Media = 2, &jobv1.Media{DurationMs: 10_000}
	})
	testkit.Eventually(t, "transcribing", func() bool { return ann.status(id, "").field("progress") == "0.05" })

	note, err := proto.Marshal(&jobv1.Progress{JobId: id, Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: 1, DoneMs: 5000})
	r.ok(err)
	r.ok(r.bus.NC.Publish(job.ProgressSubject(ann.id, id), note))

	testkit.Eventually(t, "half of the recording is done", func() bool { return ann.status(id, "").field("progress") == "0.515" })
	r.advance(id, jobv1.State_STATE_TRANSCRIBING, func(j *jobv1.Job) { job.SetDone(j, 1); j.DoneMs = 5000 })
	testkit.Eventually(t, "the chunk counts once", func() bool {
		got := ann.status(id, "")
		return got.field("progress") == "0.515" && got.field("revision") != "0"
	})
}

func TestGateway_cancelsOnceAndForGood(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	told := make(chan struct{}, 10)
	control, err := job.NewControl(r.bus.NC)
	r.ok(err)
	defer func() { _ = control.Close() }()
	defer control.Watch(id, func() { told <- struct{}{} })()

	first := ann.send("POST", "/api/v1/transcription/"+id+"/cancel", "").wants(202, "")
	ann.send("POST", "/api/v1/transcription/"+id+"/cancel", "").wants(202, "")

	<-told
	if first.field("status") != "cancelled" || ann.status(id, "").field("status") != "cancelled" {
		t.Errorf("cancel answered %s", first.body)
	}
}

func TestGateway_deletesATask(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	r.complete(id, "Secret.")
	testkit.Eventually(t, "completed", func() bool { return ann.status(id, "").field("status") == "completed" })
	ann.send("GET", "/api/v1/transcription/"+id+"/download", "").wants(200, "")

	ann.send("DELETE", "/api/v1/transcription/"+id, "").wants(204, "")

	ann.status(id, "").wants(404, "task_not_found")
	ann.send("GET", "/api/v1/transcription/"+id+"/download", "").wants(404, "task_not_found")
	ann.send("DELETE", "/api/v1/transcription/"+id, "").wants(404, "task_not_found")
	if got := ann.send("GET", "/api/v1/user/history", ""); got.field("items") != "[]" {
		t.Errorf("history has %s", got.body)
	}
	if record, _, err := r.store.Get(t.Context(), id); err != nil || record.GetState() != jobv1.State_STATE_DELETED {
		t.Errorf("record %v, %v", record, err)
	}
	if len(r.cache.values) != 0 {
		t.Errorf("the cache keeps %d values", len(r.cache.values))
	}
}

func TestGateway_knowsJobsThatOnlyTheHistoryHas(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann, ben := r.login("ann"), r.login("ben")
	r.old(ann.id, neverMade)

	if got := ann.status(neverMade, "?wait=30s").wants(200, ""); got.field("status") != "completed" || got.field("progress") != "1" {
		t.Errorf("status %s", got.body)
	}
	got := ann.send("GET", "/api/v1/transcription/"+neverMade+"/download", "").wants(200, "")
	if got.body != "Long ago.\n" {
		t.Errorf("download %q", got.body)
	}
	ben.status(neverMade, "").wants(404, "task_not_found")
	ann.send("POST", "/api/v1/transcription/"+neverMade+"/cancel", "").wants(409, "task_ended")

	ann.send("DELETE", "/api/v1/transcription/"+neverMade, "").wants(204, "")

	ann.status(neverMade, "").wants(404, "task_not_found")
	testkit.Eventually(t, "the history drops the row", func() bool {
		return !r.history.has(neverMade, jobv1.State_STATE_COMPLETED)
	})
}

func TestGateway_limitsTasksOfAUser(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxLiveTasks = 2 })
	ann, ben := r.login("ann"), r.login("ben")
	first := ann.task("")
	ann.task("")

	got := ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(429, "too_many_tasks")

	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	ben.task("") // has room
	ann.send("POST", "/api/v1/transcription/"+first+"/cancel", "").wants(202, "")
	ann.task("")
}

func TestGateway_withoutFallbackTellsHowToGetTheModel(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.ModelFallback = "" })
	ann := r.login("ann")
	ann.put("f1", sound("a"))

	got := ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1","model":"whisper-turbo"}`).wants(422, "model_not_installed")

	if !strings.Contains(got.field("detail"), "steno models pull large-v3-turbo") || got.field("field") != "model" {
		t.Errorf("got %s", got.body)
	}
	id := ann.task("") // names no model: the best that is installed
	if got := ann.send("GET", "/api/v1/transcription/"+id, ""); got.field("model") != "demo" || got.field("warnings") != "[]" {
		t.Errorf("got %s", got.body)
	}
}

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
	if first.Total != 5 || rest.Items[0].Status != "completed" {
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

func page(t *testing.T, u user, query string) historyPage {
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

func TestGateway_worksWithoutDatabaseAsFarAsItCan(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	r.history.set(func(h *history) { h.down = true })
	r.accounts.set(func(a *accounts) { a.down = true })

	ann.task("")
	ann.status(id, "").wants(200, "")
	ann.send("GET", "/api/v1/user/history", "").wants(503, "history_unavailable")
	got := ann.status(neverMade, "").wants(503, "history_unavailable")
	r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`).wants(503, "history_unavailable")
	ready := r.send("GET", "/api/v1/health/ready", "").wants(503, "")

	if got.header.Get("Retry-After") == "" || !strings.Contains(ready.field("checks"), `"history":"The history does not answer."`) {
		t.Errorf("status %v, ready %s", got.header, ready.body)
	}
	r.send("GET", "/api/v1/health", "").wants(200, "")
}

func TestGateway_answersOpenQuestions(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")

	for _, path := range []string{"/api/v1/health", "/api/v1/health/ready", "/health/ready"} {
		if got := r.send("GET", path, "").wants(200, ""); got.field("status") != "ok" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	performance := r.send("GET", "/health/performance", "").wants(200, "")
	if performance.field("rps") != "2" || performance.field("error_rate") != "0.25" {
		t.Errorf("performance %s", performance.body)
	}
	if got := r.send("GET", "/health/cache", "").wants(200, ""); !strings.Contains(got.body, `"kind":"transcript"`) {
		t.Errorf("cache %s", got.body)
	}
	if got := ann.send("GET", "/api/v1/models", "").wants(200, ""); !strings.Contains(got.field("models"), `"installed":true,"loaded":true`) {
		t.Errorf("models %s", got.body)
	}
	if got := ann.send("GET", "/api/v1/user/me", "").wants(200, ""); got.field("username") != "ann" || got.field("role") != "user" {
		t.Errorf("me %s", got.body)
	}
	if got := ann.send("PATCH", "/api/v1/files/a", "").wants(http.StatusMethodNotAllowed, ""); got.header.Get("Allow") != "GET, HEAD, PUT, DELETE" {
		t.Errorf("allow %q", got.header.Get("Allow"))
	}
}

// TestGateway_serves20UsersAtOnce plays the client that knows only token, create,
// status, history and download, while a worker completes every job.
func TestGateway_serves20UsersAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t)
	seen := make(chan string, 1000)
	r.background(func(ctx context.Context) {
		_ = r.store.Follow(ctx, func(e job.Event) {
			if e.Job.GetState() == jobv1.State_STATE_QUEUED {
				seen <- e.ID
			}
		})
	})
	r.background(func(ctx context.Context) {
		for {
			select {
			case id := <-seen:
				r.complete(id, "Hello.")
			case <-ctx.Done():
				return
			}
		}
	})
	var users sync.WaitGroup
	for n := range 20 {
		users.Go(func() { r.visit(fmt.Sprintf("user%d", n)) })
	}
	users.Wait()
}

func (r *rig) visit(name string) {
	u := r.login(name)
	for n := range 3 {
		file := fmt.Sprintf("file%d", n+1)
		u.put(file, sound(file))
		id := u.send("POST", "/api/v1/transcription/create",
			`{"file_id":"`+file+`","model":"whisper-turbo","language":"auto","diarization":false}`).field("task_id")
		u.status("task-1", "")
		if got := page(r.t, u, "?page=1&limit=10"); len(got.Items) != n+1 || got.Items[0].TaskID != id {
			r.t.Errorf("history after task %d: %+v", n+1, got)
		}
		for u.status(id, "?wait=30s").field("status") != "completed" {
		}
		if got := u.send("GET", "/api/v1/transcription/"+id+"/download?format=text", ""); got.body != "Hello.\n" {
			r.t.Errorf("download %q", got.body)
		}
	}
}
