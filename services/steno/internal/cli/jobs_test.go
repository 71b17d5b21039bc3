package cli_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

// transcribed is a server on which recordings of these names are transcribed, as task-1,
// task-2 and so on.
func transcribed(t *testing.T, names ...string) *gatewaytest.Server {
	t.Helper()
	server := gatewaytest.Start(t)
	for _, name := range names {
		steno(t, server, "transcribe", recordings(t, name)[0])
	}
	return server
}

func TestHistory_showsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	server := transcribed(t, "alpha 1.wav", gatewaytest.Broken, "alpha 2.wav")

	failed := steno(t, server, "history", "--status", "failed", "--from", "2026-03-01")
	named := steno(t, server, "history", "--file", "alpha 1", "--limit", "1")
	oldest := steno(t, server, "history", "--file", "al", "--oldest", "--limit", "1")
	none := steno(t, server, "history", "--language", "ru")

	if failed.want(t, 0); strings.Count(failed.stdout, "\n") != 2 || !strings.Contains(failed.stdout, "broken.mp3") {
		t.Errorf("failed: %s", failed.stdout)
	}
	if named.want(t, 0); !strings.Contains(named.stdout, "alpha 1.wav") || named.stderr != "" {
		t.Errorf("by name: %s%s", named.stdout, named.stderr)
	}
	oldest.want(t, 0, "1 of 2 jobs; more: steno history --file al --oldest --limit 1 --cursor 1\n")
	none.want(t, 0, "no job is like that")
	steno(t, server, "history", "--from", "yesterday").want(t, 1, "The parameter from is a date such as 2026-03-01")
}

func TestSearch_showsTheWordsAround(t *testing.T) {
	t.Parallel()
	server := transcribed(t, "alpha.wav", "beta.wav", "alpha two.wav")

	found := steno(t, server, "search", "words", "of", "alpha", "--limit", "1")
	none := steno(t, server, "search", "gamma")

	found.want(t, 0, "1 of 2 jobs; more: steno search 'words of alpha' --limit 1 --cursor 1\n")
	golden(t, "search.txt", found.stdout)
	none.want(t, 0, "no transcript has these words")
}

func TestWatch_showsWordsAsTheyCome(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]terminal{"lines": {}, "bar": {stdout: true, stderr: true}} {
		server := transcribed(t, "talk.mp3")
		server.BreakStreams(1)
		env := map[string]string{"STENO_URL": server.URL, "STENO_TOKEN": gatewaytest.Token}

		r := execute(t.Context(), env, on, "watch", "task-1")

		r.want(t, 0, "transcribing", "task-1 is completed\n")
		if r.stdout != "[0:00 - 0:03] The words of talk.mp3.\n[0:03 - 0:05] And the end of it.\n" {
			t.Errorf("%s: stdout is %q", name, r.stdout)
		}
	}
}

func TestWatch_tellsProgramsEachEvent(t *testing.T) {
	t.Parallel()

	r := steno(t, transcribed(t, "talk.mp3"), "watch", "task-1", "--json")

	r.want(t, 0)
	var names []string
	for line := range strings.Lines(r.stdout) {
		var event struct{ Event string }
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Errorf("line %q: %v", line, err)
		}
		names = append(names, event.Event)
	}
	if got := strings.Join(names, " "); got != "status progress segment segment end" {
		t.Errorf("events are %s", got)
	}
}

func TestWatch_failsAsTheJobDoes(t *testing.T) {
	t.Parallel()
	server := transcribed(t, gatewaytest.Broken)

	steno(t, server, "watch", "task-1").want(t, 1, "The recording is damaged. (corrupt_media)")
	steno(t, server, "watch", "task-2").want(t, 1, "There is no task of this id. (task_not_found)")
}

func TestWatch_leavesTheJobAloneOnCtrlC(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	ctx, interrupt := context.WithCancel(t.Context())
	env := map[string]string{"STENO_URL": server.URL, "STENO_TOKEN": gatewaytest.Token}
	endless := recordings(t, gatewaytest.Endless)[0]
	first, stop := context.WithCancel(t.Context())
	made := make(chan run, 1)
	go func() { made <- execute(first, env, terminal{}, "transcribe", endless) }()
	testkit.Eventually(t, "the job is there", func() bool { return asked(server, "GET /api/v1/transcription/task-1/status") })
	ended := make(chan run, 1)

	go func() { ended <- execute(ctx, env, terminal{}, "watch", "task-1") }()
	testkit.Eventually(t, "the job is watched", func() bool { return asked(server, "GET /api/v1/transcription/task-1/events") })
	interrupt()

	(<-ended).want(t, 1, "steno: stopped")
	if asked(server, "POST /api/v1/transcription/task-1/cancel") {
		t.Error("the job was cancelled")
	}
	stop()
	<-made
}

func TestExport_writesWhatIsWanted(t *testing.T) {
	t.Parallel()
	server := transcribed(t, "talk.mp3", gatewaytest.Broken, "talk.wav")
	folder := t.TempDir()

	screen := steno(t, server, "export", "task-1")
	if screen.want(t, 0); screen.stdout != "The words of talk.mp3.\n" {
		t.Errorf("stdout is %q", screen.stdout)
	}
	lines := steno(t, server, "export", "task-1", "--format", "srt", "--max-line-length", "32", "--speakers", "--max-cps=0")
	if lines.want(t, 0); lines.stdout != "lines of 32\n" {
		t.Errorf("stdout is %q", lines.stdout)
	}
	if !asked(server, "GET /api/v1/transcription/task-1/download?format=srt&max_cps=0&max_line_length=32&speakers=true") {
		t.Errorf("the server was asked %q", server.Requests())
	}
	target := filepath.Join(folder, "talk.csv")
	steno(t, server, "export", "task-1", "-o", target).want(t, 0, "task-1: written to "+target)
	if content, err := os.ReadFile(target); err != nil || string(content) != "csv of talk.mp3" {
		t.Errorf("the file holds %q, error %v", content, err)
	}
	steno(t, server, "export", "task-1", "task-2", "-o", folder+"/").want(t, 1,
		"task-2: There is no result yet. (result_not_ready)", "1 of 2 transcripts are missing")
}

func TestExport_takesAllThatIsCompleted(t *testing.T) {
	t.Parallel()
	server := transcribed(t, "talk.mp3", gatewaytest.Broken, "talk.wav", `..\..\Запись 2.ogg`)
	folder := filepath.Join(t.TempDir(), "deep")

	steno(t, server, "export", "--all", "--format", "vtt", "-o", folder).want(t, 0)

	entries, err := os.ReadDir(folder)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got := strings.Join(names, ", "); err != nil || got != "talk-task-3.vtt, talk.vtt, Запись 2.vtt" {
		t.Errorf("the folder holds %s, error %v", got, err)
	}
	steno(t, gatewaytest.Start(t), "export", "--all", "-o", folder).want(t, 0, "no job is completed yet")
}

func TestRetry_triesAgainWhatFailed(t *testing.T) {
	t.Parallel()
	server := transcribed(t, gatewaytest.Broken, "talk.mp3")

	again := steno(t, server, "retry", "task-1")

	if again.want(t, 0); again.stdout != "task-1 is queued, attempt 2\n" {
		t.Errorf("stdout is %q", again.stdout)
	}
	steno(t, server, "retry", "task-2").want(t, 1, "(job_completed)")
	steno(t, server, "delete", "task-2").want(t, 0)
	steno(t, server, "status", "task-2").want(t, 1, "(task_not_found)")
}

func TestDeliveries_showWhatBecameOfWebhooks(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	steno(t, server, "transcribe", "--callback", "https://example.org/hook", recordings(t, "talk.mp3")[0]).want(t, 0)
	steno(t, server, "transcribe", recordings(t, "talk.mp3")[0]).want(t, 0)

	list := steno(t, server, "deliveries", "task-1")

	list.want(t, 0)
	golden(t, "deliveries.txt", list.stdout)
	steno(t, server, "deliveries", "task-2").want(t, 0, "this job has no webhooks")
	steno(t, server, "deliveries", "resend", "task-1", "msg-1").want(t, 0)
	steno(t, server, "deliveries", "resend", "task-1", "none").want(t, 1, "(delivery_not_found)")
	if secret := steno(t, server, "webhook-secret", "--rotate"); !strings.HasPrefix(secret.stdout, "whsec_") {
		t.Errorf("secret %q", secret.stdout)
	}
}

func TestTranscribe_passesOnAllOptions(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)

	steno(t, server, "transcribe", "--channels", "split", "--translate", "--keywords", "Stenomesh, gRPC,", "--max-speakers", "2",
		"--callback", "https://example.org/hook", recordings(t, "talk.mp3")[0]).want(t, 0)

	got, err := json.Marshal(server.Ordered("task-1"))
	want := `{"callback_url":"https://example.org/hook","channels":"split","diarization":false,"file_id":"file-1",` +
		`"keywords":["Stenomesh","gRPC"],"language":"auto","max_speakers":2,"priority":"normal","task":"translate"}`
	if err != nil || string(got) != want {
		t.Errorf("sent %s, error %v", got, err)
	}
}

func TestTranscribe_goesOnWithALargeRecordingAfterABreak(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	server.CutUploads(2)
	p := person{env: map[string]string{"STENO_URL": server.URL, "STENO_TOKEN": gatewaytest.Token}, largeFile: 5}

	r := p.run(t.Context(), "transcribe", recordings(t, "talk.mp3")[0])

	r.want(t, 0)
	golden(t, "transcribe-lines.txt", r.stderr)
	if got := server.Uploaded("upload-1"); string(got) != "sound of talk.mp3" {
		t.Errorf("the server has %q", got)
	}
}
