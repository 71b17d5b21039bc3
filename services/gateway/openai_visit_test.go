package gateway_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

var recording = []string{"model=whisper-1", "file=talk"}

// state is what the record of a job says.
func (r *rig) state(id string) jobv1.State {
	r.t.Helper()
	record, _, err := r.store.Get(r.t.Context(), id)
	r.ok(err)
	return record.GetState()
}

func TestOpenAI_cancelsTheJobOfAClientThatLeaves(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	for n, fields := range [][]string{recording, append([]string{"stream=true"}, recording...)} {
		waiting := ann.ask(transcriptionsPath, fields)
		id := ann.awaitTasks(n + 1)
		r.advance(id, jobv1.State_STATE_TRANSCRIBING)

		waiting.leave()
		_, _ = waiting.answer()

		testkit.Eventually(t, "the job is cancelled", func() bool { return r.state(id) == jobv1.State_STATE_CANCELLED })
		r.wantsNoFiles(ann.id)
		if got := ann.tasks()[0]; got.Status != "cancelled" {
			t.Errorf("the history has %+v", got)
		}
	}
}

// A client of OpenAI's gives up after the time it told, and comes again by itself.
func TestOpenAI_finishesForAClientThatComesAgain(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	first := ann.ask(transcriptionsPath, recording, "X-Stainless-Retry-Count: 0", "X-Stainless-Timeout: 0.001")
	id := ann.awaitTasks(1)
	first.leave()
	_, _ = first.answer()

	second := ann.ask(transcriptionsPath, recording, "X-Stainless-Retry-Count: 1")
	r.complete(id, "Hello.")

	if got := second.wants(200); got.field("text") != "Hello." || got.header.Get("X-Task-Id") != id {
		t.Errorf("the repeat got %s of %s, want %s", got.body, got.header.Get("X-Task-Id"), id)
	}
	if n := len(ann.tasks()); n != 1 {
		t.Errorf("%d jobs were made of one request", n)
	}
	third := ann.ask(transcriptionsPath, recording, "X-Stainless-Retry-Count: 0") // is no repeat
	other := ann.awaitTasks(2)
	r.complete(other, "Hello again.")
	if got := third.wants(200); got.field("text") != "Hello again." {
		t.Errorf("a new request got %s", got.body)
	}
}

func TestOpenAI_makesAnotherJobForARepeatOfWhatFailed(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	first := ann.ask(transcriptionsPath, recording, "X-Stainless-Retry-Count: 0")
	r.advance(ann.awaitTasks(1), jobv1.State_STATE_FAILED, func(j *jobv1.Job) { j.Error = &jobv1.Error{Code: "internal", Message: "Broken."} })
	first.wants(500)

	second := ann.ask(transcriptionsPath, recording, "X-Stainless-Retry-Count: 1")
	r.complete(ann.awaitTasks(2), "Hello.")

	second.wants(200)
}

func TestOpenAI_givesARequestWithAKeyItsJobForADay(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	first := ann.ask(transcriptionsPath, recording, "Idempotency-Key: k1")
	id := ann.awaitTasks(1)
	first.leave() // which cancels nothing: who names a request comes for it
	_, _ = first.answer()
	r.complete(id, "Hello.")

	again := ann.ask(transcriptionsPath, append([]string{"response_format=verbose_json"}, recording...), "Idempotency-Key: k1").wants(200)
	other := ann.ask(transcriptionsPath, []string{"model=whisper-1", "file=other"}, "Idempotency-Key: k1").wants(400)

	if again.field("text") != "Hello." || again.header.Get("X-Task-Id") != id || len(ann.tasks()) != 1 {
		t.Errorf("again: %s of %s", again.body, again.header.Get("X-Task-Id"))
	}
	if e := other.openAIError(); e.Code != "idempotency_key_reused" {
		t.Errorf("another request with the key: %+v", e)
	}
	ann.put("f1", sound("a")).wants(201, "")
	ann.send("POST", createPath, `{"file_id":"f1"}`, "Idempotency-Key: k1").wants(201, "") // a key of its own there
}

func TestOpenAI_tellsClientsToComeAgainWhenTheGatewayStops(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	waiting := ann.ask(transcriptionsPath, recording, "X-Stainless-Retry-Count: 0")
	id := ann.awaitTasks(1)
	other := r.another()

	r.stop()

	got := waiting.wants(503)
	if e := got.openAIError(); e != (openAIError{"server_error", "null", "still_running"}) || got.header.Get("Retry-After") != "1" {
		t.Errorf("got %+v, %v", e, got.header)
	}
	ann = other.login("ann")
	again := ann.ask(transcriptionsPath, recording, "X-Stainless-Retry-Count: 1")
	other.complete(id, "Hello.")
	if got := again.wants(200); got.header.Get("X-Task-Id") != id {
		t.Errorf("the repeat waited for %s, want %s", got.header.Get("X-Task-Id"), id)
	}
}

func TestOpenAI_waitsNoLongerThanItIsSet(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.OpenAIWait = 1 })
	ann := r.login("ann")
	got := ann.ask(transcriptionsPath, recording).wants(503)
	if e := got.openAIError(); e.Code != "still_running" || r.state(got.header.Get("X-Task-Id")) != jobv1.State_STATE_QUEUED {
		t.Errorf("got %+v", e)
	}
}

func TestOpenAI_keepsNoFileWhereItIsSet(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.OpenAIKeepFiles = false })
	ann := r.login("ann")
	waiting := ann.ask(transcriptionsPath, recording)
	id := ann.awaitTasks(1)
	record, _, err := r.store.Get(t.Context(), id)
	r.ok(err)
	if _, err := r.files.Get(t.Context(), ann.id, record.GetInput().GetFileId()); err == nil {
		t.Error("the recording is listed")
	}
	if body, _, err := r.blobs.Open(t.Context(), job.FileBlobKey(ann.id, record.GetInput().GetSha256())); err != nil {
		t.Errorf("its job has no bytes: %v", err)
	} else {
		_ = body.Close()
	}
	r.complete(id, "Hello.")
	waiting.wants(200)
}

// events reads the events of an answer.
func events(t *testing.T, body string) []map[string]any {
	t.Helper()
	var all []map[string]any
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			if lines.Text() != "" && lines.Text() != ": ping" {
				t.Errorf("line %q", lines.Text())
			}
			continue
		}
		var event map[string]any
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			t.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}

func TestOpenAI_streamsWhatAddsUpToTheText(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	for format, want := range map[string]string{
		"json": "Hello there. Who is it? Nina.", "verbose_json": "Hello there. Who is it? Nina.",
		"diarized_json": "B: Hello there. Who is it?\nA: Nina.",
	} {
		fields := []string{"model=whisper-1", "stream=true", "response_format=" + format}
		if format == "json" {
			fields = append(fields, "include[]=logprobs")
		}
		got := ann.answered(interview(), transcriptionsPath, fields...)
		if kind := got.header.Get("Content-Type"); kind != "text/event-stream; charset=utf-8" {
			t.Errorf("content type %q", kind)
		}
		var text, tokens strings.Builder
		var kinds []string
		all := events(t, got.body)
		for _, event := range all {
			kinds = append(kinds, strings.TrimPrefix(event["type"].(string), "transcript.text."))
			if event["type"] == "transcript.text.delta" {
				text.WriteString(event["delta"].(string))
				probabilities, _ := event["logprobs"].([]any)
				for _, p := range probabilities {
					tokens.WriteString(p.(map[string]any)["token"].(string))
				}
			}
		}
		done := all[len(all)-1]
		if text.String() != want || done["text"] != want || done["usage"].(map[string]any)["seconds"] != 9.47 {
			t.Errorf("%s: pieces %q, end %v", format, text.String(), done)
		}
		wantKinds := "delta delta delta done"
		switch format {
		case "json":
			if tokens.String() != want {
				t.Errorf("tokens %q", tokens.String())
			}
		case "verbose_json":
			if len(done["segments"].([]any)) != 3 || done["language"] != "english" {
				t.Errorf("end %v", done)
			}
		case "diarized_json":
			wantKinds = "delta segment delta segment delta segment done"
			if all[1]["speaker"] != "B" || all[0]["segment_id"] != all[1]["id"] {
				t.Errorf("segment %v of %v", all[1], all[0])
			}
		}
		if strings.Join(kinds, " ") != wantKinds {
			t.Errorf("%s: events %v", format, kinds)
		}
	}
}

func TestOpenAI_answersAStreamThatNeverBeganWithAnError(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	waiting := ann.ask(transcriptionsPath, append([]string{"stream=true"}, recording...))
	r.advance(ann.awaitTasks(1), jobv1.State_STATE_FAILED, func(j *jobv1.Job) {
		j.Error = &jobv1.Error{Code: "empty_audio", Message: "The recording is too short."}
	})
	got := waiting.wants(http.StatusBadRequest)
	if e := got.openAIError(); e != (openAIError{"invalid_request_error", "null", "empty_audio"}) {
		t.Errorf("got %+v", e)
	}
}
