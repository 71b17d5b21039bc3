package gateway_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

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
		"tsv":  "start\tend\ttext\n100\t1900\tHello there.\n",
		"csv":  "start,end,speaker,language,text\r\n0.100,1.900,,en,Hello there.\r\n",
		"lrc":  "[ti:file1.mp3]\n[00:00.10]Hello there.\n[00:01.90]\n",

		"srt&max_line_length=10": "1\n00:00:00,100 --> 00:00:01,900\nHello\nthere.\n\n",
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

func TestDownload_keepsARussianName(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ann.send("PUT", "/api/v1/files/f1?name=%D0%A1%D0%BE%D0%BD.mp3", sound("a")).wants(201, "")
	id := ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(201, "").field("task_id")
	r.complete(id, "Hello.")
	testkit.Eventually(t, "completed", func() bool { return ann.status(id, "").field("status") == "completed" })

	got := ann.send("GET", "/api/v1/transcription/"+id+"/download?format=srt", "").wants(200, "")

	if name := got.header.Get("Content-Disposition"); name != "attachment; filename*=utf-8''%D0%A1%D0%BE%D0%BD.srt" {
		t.Errorf("name %q", name)
	}
}

func TestGateway_answersALongPollWhenTheJobChanges(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	before := ann.status(id, "")

	answer := ann.poll(id, "?wait=50s&since="+before.field("revision"))
	r.advance(id, jobv1.State_STATE_PREPROCESSING)

	if got := answer(); got.status != 200 || got.field("status") != "preprocessing" {
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
	answer := ann.poll(id, "?wait=60s")

	r.stop()

	if got := answer(); got.status != 200 || got.field("status") != "queued" {
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
