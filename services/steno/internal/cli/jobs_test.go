package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

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
