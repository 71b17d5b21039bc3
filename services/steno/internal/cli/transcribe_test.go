package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

func TestTranscribe_printsTheWordsAlone(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	talk := recordings(t, "talk.mp3")[0]

	r := steno(t, server, "transcribe", talk)

	r.want(t, 0)
	if r.stdout != "The words of talk.mp3.\n" {
		t.Errorf("stdout is %q", r.stdout)
	}
	golden(t, "transcribe-lines.txt", r.stderr)
}

func TestTranscribe_takesFlagsOnEitherSideOfTheFiles(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	talk := recordings(t, "talk.mp3")[0]
	for _, arguments := range [][]string{
		{"transcribe", "--format", "srt", talk},
		{"transcribe", talk, "-format=srt"},
		{"-url", server.URL, "transcribe", talk, "--format", "srt", "--token", gatewaytest.Token},
		{"transcribe", "--format", "srt", "--", talk},
	} {
		r := steno(t, server, arguments...)

		r.want(t, 0)
		if !strings.HasPrefix(r.stdout, "1\n00:00:00,350 --> 00:00:02,080\n") {
			t.Errorf("%v printed %q", arguments, r.stdout)
		}
	}
}

func TestTranscribe_keepsTheOrderOfTheFilesAndGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	files := recordings(t, "one.wav", gatewaytest.Broken, gatewaytest.Refused, "four.wav", "five.wav", "six.wav")

	r := steno(t, server, append([]string{"transcribe"}, files...)...)

	r.want(t, 1,
		"broken.mp3: The recording is damaged. (corrupt_media)\n",
		"refused.pdf: This is not a recording. (unsupported_media)\n",
		"steno: 2 of 6 recordings failed\n")
	golden(t, "transcribe-many.txt", r.stdout)
}

func TestTranscribe_writesFiles(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	files := recordings(t, "talk.mp3", "talk.wav", "song.ogg")
	out := filepath.Join(t.TempDir(), "deep", "out")

	r := steno(t, server, append([]string{"transcribe", "--output", out, "--format", "vtt"}, files...)...)

	r.want(t, 0, "song.ogg: written to "+filepath.Join(out, "song.vtt"))
	for name, words := range map[string]string{
		"talk.mp3.vtt": "The words of talk.mp3.", "talk.wav.vtt": "The words of talk.wav.", "song.vtt": "The words of song.ogg.",
	} {
		content, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || !strings.HasPrefix(string(content), "WEBVTT\n") || !strings.Contains(string(content), words) {
			t.Errorf("%s holds %q, error %v", name, content, err)
		}
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 3 {
		t.Errorf("folder holds %v, error %v", entries, err)
	}
}

func TestTranscribe_takesTheFormatFromTheNameOfTheOutput(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	target := filepath.Join(t.TempDir(), "talk.DOCX")

	r := steno(t, server, "transcribe", "-output", target, recordings(t, "talk.mp3")[0])

	r.want(t, 0)
	if content, err := os.ReadFile(target); err != nil || string(content) != "docx of talk.mp3" {
		t.Errorf("file holds %q, error %v", content, err)
	}
}

func TestTranscribe_passesOnWhatTheServerWarnsOf(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)

	r := steno(t, server, "transcribe", "--diarization", recordings(t, "talk.mp3")[0])

	r.want(t, 0, "talk.mp3: Telling speakers apart is not available yet.\n")
}

func TestTranscribe_showsABarToAPerson(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	env := map[string]string{"STENO_URL": server.URL, "STENO_USER": gatewaytest.User + ":" + gatewaytest.Password}

	r := execute(t.Context(), env, terminal{stdout: true, stderr: true}, "transcribe", recordings(t, "talk.mp3")[0])

	r.want(t, 0, "talk.mp3: uploading")
	if r.stdout != "The words of talk.mp3.\n" {
		t.Errorf("stdout is %q", r.stdout)
	}
}

func TestTranscribe_cancelsTheJobsOnCtrlC(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	endless := recordings(t, gatewaytest.Endless)[0]
	ctx, interrupt := context.WithCancel(t.Context())
	env := map[string]string{"STENO_URL": server.URL, "STENO_TOKEN": gatewaytest.Token}
	ended := make(chan run, 1)

	go func() { ended <- execute(ctx, env, terminal{}, "transcribe", endless) }()
	testkit.Eventually(t, "the job is watched", func() bool { return asked(server, "GET /api/v1/transcription/task-1/status") })
	interrupt()
	r := <-ended

	r.want(t, 1, "endless.wav: job task-1 is cancelled", "steno: stopped")
	if !asked(server, "POST /api/v1/transcription/task-1/cancel") {
		t.Errorf("the server was asked only %q", server.Requests())
	}
}

func TestTranscribe_refusesBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	talk := recordings(t, "talk.mp3")[0]
	folder := filepath.Dir(talk)
	for _, test := range []struct {
		arguments []string
		sentence  string
	}{
		{nil, "transcribe wants at least one file"},
		{[]string{talk, folder + "/nothing.mp3"}, "no such file"},
		{[]string{folder}, "is not a file"},
		{[]string{talk, "--format", "pdf"}, `--format is text, srt, vtt, tsv, csv, lrc, json or docx, not "pdf"`},
		{[]string{talk, "--channels", "left"}, `--channels is mix or split, not "left"`},
		{[]string{talk, "--priority", "now"}, "--priority is low, normal or high"},
		{[]string{talk, "--max-speakers", "-1"}, "--max-speakers is a number from 0"},
		{[]string{talk, talk, "--format", "docx"}, "add --output FILE"},
		{[]string{talk, talk, "--output", talk}, "several results need a folder"},
		{[]string{talk, talk, "--output", folder}, "would both be written to"},
		{[]string{talk, "--colour"}, "`steno help transcribe` tells more"},
	} {
		r := steno(t, server, append([]string{"transcribe"}, test.arguments...)...)

		r.want(t, 2, test.sentence)
	}
	if requests := server.Requests(); len(requests) != 0 {
		t.Errorf("the server was asked %q", requests)
	}
}

func asked(server *gatewaytest.Server, request string) bool {
	for _, r := range server.Requests() {
		if strings.HasPrefix(r, request) {
			return true
		}
	}
	return false
}
