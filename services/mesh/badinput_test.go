package mesh_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// tidy lets the janitor run at once, so that the test can see what it leaves. The
// grace of recordings is for uploads between their bytes and their record.
var tidy = []string{
	"-dispatcher.sweep", "100ms", "-dispatcher.confirm", "100ms", "-dispatcher.grace", "0s", "-dispatcher.file-grace", "3s",
	"-gateway.max-upload-bytes", "3000000",
}

// badMedia is a recording that cannot be transcribed, and how it ends.
type badMedia struct {
	name   string
	file   func(t *testing.T, folder string) string // makes it
	upload int                                      // status of the upload
	code   string                                   // of the upload's problem or of the failed job; "" completes without words
}

func badMediaCases() []badMedia {
	return []badMedia{
		{name: "empty file", file: bytesOf("empty.mp3", nil), upload: 422, code: "empty_file"},
		{name: "text renamed .mp3", file: bytesOf("song.mp3", bytes.Repeat([]byte("this is only a text\n"), 200)), upload: 415, code: "unsupported_media"},
		{name: "noise renamed .mp3", file: bytesOf("song.mp3", noise(50_000)), upload: 201, code: "unsupported_media"},
		{name: "mp4 without its end", file: cut("speech.mp4", "mp4", 0.5), upload: 201, code: "corrupt_media"},
		{name: "zero-length audio track", file: made("none.wav", "-f", "lavfi", "-i", "anullsrc=r=16000", "-t", "0"), upload: 201, code: "empty_audio"},
		{name: "video without sound", file: made("silent.mp4", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=5", "-t", "2", "-pix_fmt", "yuv420p"), upload: 201, code: "no_audio_stream"},
		{name: "100 ms", file: made("click.wav", "-f", "lavfi", "-i", "sine=440:sample_rate=16000", "-t", "0.1"), upload: 201, code: "empty_audio"},
		{name: "pure silence", file: made("silence.wav", "-f", "lavfi", "-i", "anullsrc=r=16000", "-t", "20"), upload: 201},
		{name: "m3u8 that points at a local file", file: playlist("list.m3u8", "#EXTM3U\n#EXTINF:10,\nfile://%s\n#EXT-X-ENDLIST\n"), upload: 415, code: "unsupported_media"},
		{name: "m3u8 renamed .mp3", file: playlist("list.mp3", "#EXTM3U\n#EXTINF:10,\nfile://%s\n#EXT-X-ENDLIST\n"), upload: 415, code: "unsupported_media"},
		{name: "ffconcat that points at a local file", file: playlist("list.wav", "ffconcat version 1.0\nfile '%s'\n"), upload: 415, code: "unsupported_media"},
		{name: "ffconcat behind a blank line", file: playlist("list.ogg", "\nffconcat version 1.0\nfile '%s'\n"), upload: 415, code: "unsupported_media"},
		{name: "over the limit", file: bytesOf("long.wav", make([]byte, 3_000_001)), upload: 413, code: "file_too_large"},
	}
}

// Bad recordings are refused where it can be seen, or fail their job with a
// code; nothing of them stays.
func TestBadInput_media(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t, tidy...)
	api := login(t, m, meshtest.User, meshtest.Password)
	for _, c := range badMediaCases() {
		t.Run(c.name, func(t *testing.T) {
			body, err := os.ReadFile(c.file(t, t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			file := api.want(t, c.upload, "POST", "/api/v1/files?name=recording", body)
			if c.upload != 201 {
				wantCode(t, file, c.code)
				return
			}
			task := api.create(t, file["file_id"])
			status := api.await(t, task)
			if c.code == "" {
				if text := api.text(t, task); status["status"] != "completed" || text != "" {
					t.Errorf("ended %v with text %q, want completed without words", status["status"], text)
				}
			} else {
				problem, _ := status["error"].(map[string]any)
				wantCode(t, problem, c.code)
				wantCode(t, api.want(t, 404, "GET", task+"/download?format=text", nil), "job_failed")
			}
			api.want(t, 204, "DELETE", task, nil)
			api.want(t, 204, "DELETE", "/api/v1/files/"+fmt.Sprint(file["file_id"]), nil)
		})
	}
	leavesNothing(t, m)
}

// A truncated MP3 is still a recording: what is there is transcribed.
func TestBadInput_truncatedMP3KeepsItsBeginning(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t, tidy...)
	api := login(t, m, meshtest.User, meshtest.Password)
	body, err := os.ReadFile(cut("speech.mp3", "mp3", 0.5)(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	file := api.want(t, 201, "POST", "/api/v1/files?name=half.mp3", body)

	task := api.create(t, file["file_id"])

	if status := api.await(t, task); status["status"] != "completed" {
		t.Fatalf("ended %v", status)
	}
	if text := api.text(t, task); !strings.Contains(text, "thirty questions") || strings.Contains(text, "sixteen") {
		t.Errorf("got %q, want the beginning of the recording", text)
	}
}

// What is wrong with a request is said at once, and nothing is queued.
func TestBadInput_requests(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t, tidy...)
	ann := login(t, m, meshtest.User, meshtest.Password)
	bob := login(t, m, "bob", "bob-secret")
	sample, err := os.ReadFile(testkit.Samples(t, "en")[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	ann.want(t, 201, "PUT", "/api/v1/files/mine", sample)
	task := ann.create(t, "mine")
	cases := []struct {
		name         string
		as           *api
		status       int
		method, path string
		body         string
		code         string
	}{
		{"unknown file", ann, 404, "POST", createPath, `{"file_id":"none","model":"demo"}`, "file_not_found"},
		{"unknown model", ann, 422, "POST", createPath, `{"file_id":"mine","model":"whisper-9000"}`, "model_not_found"},
		{"unknown language", ann, 422, "POST", createPath, `{"file_id":"mine","model":"demo","language":"tlh"}`, "language_not_supported"},
		{"number for a name", ann, 400, "POST", createPath, `{"file_id":7}`, "invalid_json"},
		{"text for a truth value", ann, 400, "POST", createPath, `{"file_id":"mine","diarization":"yes"}`, "invalid_json"},
		{"not JSON", ann, 400, "POST", createPath, `{"file_id":`, "invalid_json"},
		{"no such id", ann, 404, "GET", "/api/v1/transcription/task-1/status", "", "task_not_found"},
		{"no such uuid", ann, 404, "GET", "/api/v1/transcription/0198c0de-0000-7000-8000-000000000001/status", "", "task_not_found"},
		{"unknown format", ann, 400, "GET", task + "/download?format=pdf", "", "unknown_format"},
		{"somebody else's file", bob, 404, "GET", "/api/v1/files/mine", "", "file_not_found"},
		{"job on somebody else's file", bob, 404, "POST", createPath, `{"file_id":"mine","model":"demo"}`, "file_not_found"},
		{"somebody else's task", bob, 404, "GET", task + "/status", "", "task_not_found"},
		{"somebody else's result", bob, 404, "GET", task + "/download?format=text", "", "task_not_found"},
		{"cancelling somebody else's task", bob, 404, "POST", task + "/cancel", "", "task_not_found"},
		{"deleting somebody else's task", bob, 404, "DELETE", task, "", "task_not_found"},
		{"no login", &api{url: m.URL}, 401, "GET", task + "/status", "", ""},
		{"other bytes under the same id", ann, 409, "PUT", "/api/v1/files/mine", "RIFF other bytes", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			problem := c.as.want(t, c.status, c.method, c.path, []byte(c.body))
			if c.code != "" {
				wantCode(t, problem, c.code)
			}
		})
	}
	ann.await(t, task)
	ann.want(t, 204, "DELETE", task, nil)
	ann.want(t, 204, "DELETE", "/api/v1/files/mine", nil)
	leavesNothing(t, m)
}

// A body that stops half way leaves nothing behind.
func TestBadInput_uploadThatStopsHalfWay(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t, tidy...)
	ann := login(t, m, meshtest.User, meshtest.Password)
	broken := io.MultiReader(bytes.NewReader(make([]byte, 500_000)), errorReader{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.URL+"/api/v1/files?name=half.wav", broken)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 1_000_000
	req.Header.Set("Authorization", "Bearer "+ann.token)

	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Fatalf("the server answered %s to half a body", resp.Status)
	}

	leavesNothing(t, m)
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// leavesNothing checks that no blob, temporary file, child process or key is
// left of jobs and files that were deleted or never accepted.
func leavesNothing(t *testing.T, m *meshtest.Mesh) {
	t.Helper()
	left := func() []string {
		return append(filesBelow(t, filepath.Join(m.Data, "blobs"), ""), filesBelow(t, filepath.Join(m.Data, "scratch"), "")...)
	}
	testkit.Eventually(t, "no file is left", func() bool { return len(left()) == 0 })
	testkit.Eventually(t, "no key is left", func() bool { return len(keys(t, m)) == 0 })
	m.Stop()
	// The recordings of ffmpeg and the sockets of engines lie below the folder.
	if pids := meshtest.ChildrenOn(os.Getpid(), m.Data); len(pids) != 0 {
		t.Errorf("child processes are still running: %v", pids)
	}
}

// keys lists what is in the buckets. Marks of removed keys, which are empty and
// go by age, do not count.
func keys(t *testing.T, m *meshtest.Mesh) []string {
	t.Helper()
	var found []string
	for _, bucket := range []string{job.Bucket, job.FilesBucket} {
		kv, err := m.Bus.JS.KeyValue(t.Context(), bucket)
		if err != nil {
			t.Fatal(err)
		}
		lister, err := kv.ListKeys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for key := range lister.Keys() {
			found = append(found, key)
		}
	}
	return found
}

func wantCode(t *testing.T, problem map[string]any, code string) {
	t.Helper()
	if problem["code"] != code {
		t.Errorf("got %v, want code %s", problem, code)
	}
}
