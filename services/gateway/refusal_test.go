package gateway_test

import (
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// neverMade looks like an id of ours.
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
		{"metadata that is not UTF-8", "POST", create, "{\"file_id\":\"f1\",\"metadata\":{\"a\":\"\xff\"}}", 400, "invalid_json"},
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
		{"keywords too large together", "POST", create,
			`{"file_id":"f1","keywords":["` + strings.Repeat("x", 100) + strings.Repeat(`","`+strings.Repeat("ю", 50), 40) + `"]}`, 422, "invalid_option"},
		{"large metadata", "POST", create, `{"file_id":"f1","metadata":"` + strings.Repeat("x", 5000) + `"}`, 422, "invalid_option"},
		{"unknown channels", "POST", create, `{"file_id":"f1","channels":"left"}`, 422, "invalid_option"},
		{"translate by a model that cannot", "POST", create, `{"file_id":"f1","model":"demo","task":"translate"}`, 422, "translation_not_supported"},
		{"call back", "POST", create, `{"file_id":"f1","callback_url":"http://169.254.169.254/"}`, 422, "invalid_option"},

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
		{"line too short", "GET", tasks + done + "/download?format=srt&max_line_length=9", "", 400, "invalid_parameter"},
		{"shortest above longest", "GET", tasks + done + "/download?format=vtt&min_duration=9", "", 400, "invalid_parameter"},
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
