package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

func TestOpenAI_answersInEveryFormat(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	const segment = `{"id":0,"seek":32,"start":0.320,"end":0.770,"text":" Hello there.","tokens":[],"temperature":0,` +
		`"avg_logprob":-0.25,"compression_ratio":1.2,"no_speech_prob":0.01}`
	for _, tc := range []struct {
		name   string
		fields []string
		kind   string
		want   []string // parts of the answer, in order
	}{
		{"json", nil, "application/json", []string{
			`{"text":"Hello there. Who is it? Nina.","languages":[{"code":"en"}],"usage":{"type":"duration","seconds":9.470}}`}},
		{"json with log probabilities", []string{"response_format=json", "include[]=logprobs"}, "application/json", []string{
			`"logprobs":[{"token":"Hello","logprob":-0.693147,"bytes":[72,101,108,108,111]},{"token":" there.",`}},
		{"text", []string{"response_format=text"}, "text/plain; charset=utf-8", []string{"Hello there. Who is it? Nina.\n"}},
		{"srt", []string{"response_format=srt"}, "application/x-subrip; charset=utf-8", []string{"1\n00:00:00,320 --> 00:00:01,320\nHello there.\n\n2\n"}},
		{"vtt", []string{"response_format=vtt"}, "text/vtt; charset=utf-8", []string{"WEBVTT\n\n00:00:00.320 --> 00:00:01.320\nHello there.\n"}},
		{"verbose_json", []string{"response_format=verbose_json"}, "application/json", []string{
			`{"task":"transcribe","language":"english","duration":9.470,"text":"Hello there. Who is it? Nina.","segments":[` + segment, `],"usage":{`}},
		{"words", []string{"response_format=verbose_json", "timestamp_granularities[]=word"}, "application/json", []string{
			`"words":[{"word":"Hello","start":0.320,"end":0.520},{"word":"there.","start":0.570,"end":0.770},`, `{"word":"Nina.","start":5.000,"end":5.200}],"usage"`}},
		{"words and segments", []string{"response_format=verbose_json", "timestamp_granularities=segment,word"}, "application/json", []string{
			`"words":[{"word":"Hello"`, `"segments":[` + segment}},
		{"diarized_json", []string{"response_format=diarized_json", "known_speaker_names[]=agent"}, "application/json", []string{
			`"text":"B: Hello there. Who is it?\nagent: Nina.","segments":[{"type":"transcript.text.segment","id":"seg_001","start":0.320,"end":0.770,"text":"Hello there.","speaker":"B"}`,
			`"id":"seg_003","start":5.000,"end":5.200,"text":"Nina.","speaker":"agent"}],"usage":{"type":"duration","seconds":9.470}}`}},
	} {
		got := ann.answered(interview(), transcriptionsPath, append(tc.fields, "model=whisper-1")...)
		rest := got.body
		for _, part := range tc.want {
			_, after, found := strings.Cut(rest, part)
			if !found {
				t.Errorf("%s: no %s in %s", tc.name, part, got.body)
			}
			rest = after
		}
		if kind := got.header.Get("Content-Type"); kind != tc.kind {
			t.Errorf("%s: content type %q", tc.name, kind)
		}
	}
	if got := ann.answered(interview(), "/v1/audio/translations", "model=whisper-1", "response_format=verbose_json"); !strings.HasPrefix(
		got.body, `{"task":"translate","language":"english","duration":9.470,`) || !strings.Contains(got.body, segment) {
		t.Errorf("translation: %s", got.body)
	}
	newest := ann.tasks()[0]
	if task := ann.send("GET", "/api/v1/transcription/"+newest.TaskID, ""); task.field("requested_model") != "whisper-1" ||
		!strings.Contains(task.field("options"), `"task":"translate"`) || newest.Status != "completed" {
		t.Errorf("the job is not in the history as any other: %s", task.body)
	}
	ann.send("GET", "/api/v1/files/"+newest.FileID, "").wants(200, "") // as of any other job
}

func TestOpenAI_readsFieldsInAnyOrderAndSpelling(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	for n, fields := range [][]string{
		{"file=a", "model=whisper-1", "language=English", "keywords[]=Nina", "keywords[]=a, b"},
		{"keywords=Nina", "model=whisper-1", "file=a", "keywords=a, b", "language=en-US"},
		{"keywords[0]=Nina", "keywords[1]=a, b", "language=en", "model=whisper-1", "file=a", "new_field=x"},
		{`keywords=["Nina","a, b"]`, "language=EN", "file=a", "model=whisper-1", "chunking_strategy[type]=server_vad", "chunking_strategy[threshold]=0.5"},
	} {
		call := ann.ask(transcriptionsPath, fields)
		id := ann.awaitTasks(n + 1)
		if task := ann.send("GET", "/api/v1/transcription/"+id, ""); !strings.Contains(task.body, `"keywords":["Nina","a, b"]`) || task.field("language") != "en" {
			t.Errorf("%q became %s", fields, task.body)
		}
		r.complete(id, "Hello.")
		if got := call.wants(200); got.header.Get("X-Task-Id") != id {
			t.Errorf("the answer names the task %q, not %q", got.header.Get("X-Task-Id"), id)
		}
	}
}

// fault is an error as OpenAI's clients read it, as far as it is not the message.
type openAIError struct {
	Type, Param, Code string
}

func (p reply) openAIError() openAIError {
	p.t.Helper()
	var body struct {
		Error map[string]*string `json:"error"`
	}
	if err := json.Unmarshal([]byte(p.body), &body); err != nil {
		p.t.Fatalf("%v: %s", err, p.body)
	}
	text := func(name string) string {
		value, there := body.Error[name]
		switch {
		case !there:
			p.t.Errorf("no %s in %s", name, p.body)
			return ""
		case value == nil:
			return "null"
		}
		return *value
	}
	if message := text("message"); message == "" || message == "null" || len(body.Error) != 4 {
		p.t.Errorf("error %s", p.body)
	}
	return openAIError{text("type"), text("param"), text("code")}
}

func TestOpenAI_refusesInItsEnvelope(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxUploadBytes, c.MaxLiveTasks = 1<<20, 1 })
	ann, ben := r.login("ann"), r.login("ben")
	ben.task("") // has no room for another
	const bad = "invalid_request_error"
	for _, tc := range []struct {
		name   string
		fields []string
		status int
		want   openAIError
	}{
		{"no model", []string{"file=a"}, 400, openAIError{bad, "model", "missing_field"}},
		{"no file", []string{"model=whisper-1"}, 400, openAIError{bad, "file", "missing_field"}},
		{"two files", []string{"model=whisper-1", "file=a", "file=b"}, 400, openAIError{bad, "file", "invalid_field"}},
		{"unknown model", []string{"file=a", "model=gpt-9"}, 404, openAIError{bad, "model", "model_not_found"}},
		{"unknown format", []string{"model=whisper-1", "response_format=pdf", "file=a"}, 400, openAIError{bad, "response_format", "invalid_field"}},
		{"hot", []string{"file=a", "model=whisper-1", "temperature=2"}, 400, openAIError{bad, "temperature", "invalid_field"}},
		{"unknown language", []string{"file=a", "model=whisper-1", "language=xx"}, 400, openAIError{bad, "language", "language_not_supported"}},
		{"words of json", []string{"file=a", "model=whisper-1", "timestamp_granularities[]=word"}, 400, openAIError{bad, "timestamp_granularities", "invalid_field"}},
		{"unknown granularity", []string{"file=a", "model=whisper-1", "response_format=verbose_json", "timestamp_granularities[]=letter"}, 400, openAIError{bad, "timestamp_granularities", "invalid_field"}},
		{"log probabilities of text", []string{"file=a", "model=whisper-1", "response_format=text", "include[]=logprobs"}, 400, openAIError{bad, "include", "invalid_field"}},
		{"speakers of json", []string{"file=a", "model=whisper-1", "known_speaker_names[]=agent"}, 400, openAIError{bad, "known_speaker_names", "invalid_field"}},
		{"sample that is none", []string{"file=a", "model=whisper-1", "response_format=diarized_json", "known_speaker_names[]=a", "known_speaker_references[]=https://x"}, 400, openAIError{bad, "known_speaker_references", "invalid_field"}},
		{"strategy without a type", []string{"file=a", "model=whisper-1", "chunking_strategy[threshold]=0.1"}, 400, openAIError{bad, "chunking_strategy[type]", "invalid_field"}},
		{"strategy that is none", []string{"file=a", "model=whisper-1", `chunking_strategy={"type":"server_vad","threshold":2}`}, 400, openAIError{bad, "chunking_strategy", "invalid_field"}},
		{"stream is no flag", []string{"file=a", "model=whisper-1", "stream=perhaps"}, 400, openAIError{bad, "stream", "invalid_field"}},
		{"large fields", []string{"file=a", "model=whisper-1", "prompt=" + strings.Repeat("x", 300<<10)}, 413, openAIError{bad, "null", "body_too_large"}},
	} {
		got := ann.ask(transcriptionsPath, tc.fields).wants(tc.status)
		got.t = t
		if e := got.openAIError(); e != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.name, e, tc.want)
		}
	}
	body, kind := form("model=whisper-1", "file=a")
	for _, tc := range []struct {
		name, method, path, body, header string
		status                           int
		want                             openAIError
	}{
		{"wrong token", "POST", transcriptionsPath, body, "Authorization: Bearer sk-nothing", 401, openAIError{bad, "null", "invalid_api_key"}},
		{"no form", "POST", transcriptionsPath, "{}", "Content-Type: application/json", 400, openAIError{bad, "null", "invalid_form"}},
		{"half a form", "POST", transcriptionsPath, body[:len(body)/2], "Content-Type: " + kind, 400, openAIError{bad, "null", "incomplete_upload"}},
		{"text for a recording", "POST", transcriptionsPath, strings.NewReplacer("\x00", "x", "\x01", "x", "\x04", "x").Replace(strings.ReplaceAll(body, "ID3", "text")), "Content-Type: " + kind, 415, openAIError{bad, "null", "unsupported_media"}},
		{"too large", "POST", transcriptionsPath, strings.ReplaceAll(body, "ID3\x04", "ID3\x04"+strings.Repeat("\x00", 1<<20)), "Content-Type: " + kind, 413, openAIError{bad, "null", "file_too_large"}},
		{"wrong method", "GET", transcriptionsPath, "", "A: b", 405, openAIError{bad, "null", "method_not_allowed"}},
		{"unknown route", "POST", "/v1/chat/completions", "{}", "A: b", 404, openAIError{bad, "null", "route_not_found"}},
		{"unknown model", "GET", "/v1/models/gpt-9", "", "A: b", 404, openAIError{bad, "model", "model_not_found"}},
	} {
		send := ann.send
		if strings.HasPrefix(tc.header, "Authorization") {
			send = r.send
		}
		got := send(tc.method, tc.path, tc.body, tc.header).wants(tc.status, "")
		got.t = t
		if e := got.openAIError(); e != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.name, e, tc.want)
		}
	}
	crowded := ben.ask(transcriptionsPath, []string{"model=whisper-1", "file=b"}).wants(429)
	if e := crowded.openAIError(); e != (openAIError{"rate_limit_error", "null", "rate_limit_exceeded"}) || crowded.header.Get("Retry-After") != "5" {
		t.Errorf("crowded: %+v, %v", e, crowded.header)
	}
	if n := len(ann.tasks()); n != 0 {
		t.Errorf("%d jobs were made", n)
	}
	r.wantsNoFiles("id-ann")
}

// wantsNoFiles waits until no file of a user is listed.
func (r *rig) wantsNoFiles(userID string) {
	r.t.Helper()
	testkit.Eventually(r.t, "no recording is listed", func() bool {
		keys, err := r.bus.JS.KeyValue(r.t.Context(), "FILES")
		r.ok(err)
		all, err := keys.Keys(r.t.Context())
		if err != nil {
			return strings.Contains(err.Error(), "no keys")
		}
		for _, key := range all {
			if strings.HasPrefix(key, job.Token(userID)+".") {
				return false
			}
		}
		return true
	})
}

func TestOpenAI_tellsWhyAJobFailed(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	for n, tc := range []struct {
		state  jobv1.State
		code   string
		status int
		want   openAIError
	}{
		{jobv1.State_STATE_FAILED, "corrupt_media", 400, openAIError{"invalid_request_error", "null", "corrupt_media"}},
		{jobv1.State_STATE_FAILED, "unsupported_media", 415, openAIError{"invalid_request_error", "null", "unsupported_media"}},
		{jobv1.State_STATE_FAILED, "internal", 500, openAIError{"server_error", "null", "internal"}},
		{jobv1.State_STATE_CANCELLED, "", 409, openAIError{"invalid_request_error", "null", "job_cancelled"}},
	} {
		waiting := ann.ask(transcriptionsPath, []string{"model=whisper-1", "file=a"})
		r.advance(ann.awaitTasks(n+1), tc.state, func(j *jobv1.Job) {
			if tc.code != "" {
				j.Error = &jobv1.Error{Code: tc.code, Message: "Broken."}
			}
		})
		got := waiting.wants(tc.status)
		if e := got.openAIError(); e != tc.want || got.header.Get("X-Should-Retry") != "false" {
			t.Errorf("%s: got %+v, %v", tc.code, e, got.header)
		}
	}
}

func TestOpenAI_listsModelsThatCanBeAskedFor(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.ModelFallback = "" })
	ann := r.login("ann")

	all := ann.send("GET", "/v1/models", "").wants(200, "").body
	one := ann.send("GET", "/v1/models/demo-en-ru", "").wants(200, "").body

	if want := `{"object":"list","data":[{"id":"demo","object":"model","created":0,"owned_by":"stenomesh"},` +
		`{"id":"demo-en-ru","object":"model","created":0,"owned_by":"stenomesh"}]}` + "\n"; all != want {
		t.Errorf("got %s", all)
	}
	if one != `{"id":"demo-en-ru","object":"model","created":0,"owned_by":"stenomesh"}`+"\n" {
		t.Errorf("got %s", one)
	}
	if e := ann.send("GET", "/v1/models/whisper-1", "").wants(404, "").openAIError(); e.Code != "model_not_found" {
		t.Errorf("got %+v", e)
	}
}
