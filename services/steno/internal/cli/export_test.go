package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

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
