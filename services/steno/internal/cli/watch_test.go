package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

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
	steno(t, server, "watch", "task-2").want(t, 1, "There is no task of this id. (task_not_found)\n")
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
