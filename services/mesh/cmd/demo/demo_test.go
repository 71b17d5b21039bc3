package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestReport_tellsWordsErrorsAndTimes(t *testing.T) {
	t.Parallel()
	r := example("Where is the late computer? Nine books.")

	got := r.text()

	if *update {
		if err := os.WriteFile("testdata/report.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/report.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestReport_refusesMoreThanFivePercentOfErrors(t *testing.T) {
	t.Parallel()

	right := example("where is the LATE computer nine books")
	wrong := example("Where is the late computer? Ninety books.")

	if err := right.check(); err != nil {
		t.Errorf("right words are refused: %v", err)
	}
	if err := wrong.check(); err == nil || !strings.Contains(err.Error(), "14.3 %") {
		t.Errorf("one wrong word of seven gives %v", err)
	}
}

func example(words string) report {
	return report{
		sample: sample{name: "en-00.flac", text: "Where is the late computer? Nine books."},
		srt:    "1\n00:00:00,350 --> 00:00:02,080\nWhere is the late computer?\n", words: words,
		job: client.Job{
			Status: client.Status{DurationSeconds: 12.5, Language: "en", Model: "demo"},
			Timings: []client.Timing{
				{Stage: "queued", Seconds: 0.004}, {Stage: "preprocessing", Seconds: 0.25}, {Stage: "transcribing", Seconds: 0.9},
			},
		},
		upload: 20 * time.Millisecond, total: 1250 * time.Millisecond,
	}
}

func TestReadSamples_findsTheBundledOnes(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(testkit.Root(t), "testdata", "audio")

	samples, err := readSamples(folder, []string{"ru-02.flac", "en-01.flac"})
	_, unknown := readSamples(folder, []string{"en-99.flac"})

	if err != nil || len(samples) != 2 || samples[1].text != "The lecture ends at six on Tuesday." {
		t.Errorf("samples are %v, error %v", samples, err)
	}
	if unknown == nil {
		t.Error("an unknown recording was found")
	}
}

func TestReferenceTexts_refusesATableItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"", "file\tlanguage\na.wav\ten", "file\ttext\na.wav"} {
		if texts, err := referenceTexts(table); err == nil {
			t.Errorf("%q was read as %v", table, texts)
		}
	}
}

func TestDemo_saysHowToBuildTheServer(t *testing.T) {
	t.Parallel()
	d, _ := demonstration(t, "no-server.sh")

	err := d.run(t.Context())

	if err == nil || !strings.Contains(err.Error(), "is missing; run: make build") {
		t.Errorf("error is %v", err)
	}
}

func TestDemo_showsTheLogOfAServerThatFails(t *testing.T) {
	t.Parallel()
	d, log := demonstration(t, "failing-server.sh")

	err := d.run(t.Context())

	if err == nil || !strings.Contains(err.Error(), "before it was ready: exit status 3") {
		t.Errorf("error is %v", err)
	}
	if !strings.Contains(log.String(), "no model for demo") {
		t.Errorf("the log shown is %q", log)
	}
}

func TestServer_stopsInGoodOrder(t *testing.T) {
	t.Parallel()
	for script, good := range map[string]bool{"orderly-server.sh": true, "stumbling-server.sh": false} {
		d, _ := demonstration(t, script)
		s, err := startServer(t.Context(), d.program, t.TempDir(), account{user: "demo", password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the server runs", func() bool { return strings.Contains(s.log.String(), "started") })

		err = s.stop()

		if (err == nil) != good || !strings.Contains(s.log.String(), "stopping") {
			t.Errorf("stopping %s gives %v, log %q", script, err, s.log)
		}
	}
}

func TestTail_keepsTheLastWholeLines(t *testing.T) {
	t.Parallel()
	var log tail
	for i := range 1000 {
		_, _ = fmt.Fprintf(&log, "line %d\n", i)
	}

	lines := strings.Split(strings.TrimSpace(log.String()), "\n")

	if lines[len(lines)-1] != "line 999" || lines[0] != fmt.Sprintf("line %d", 1000-len(lines)) || len(lines) < 20 {
		t.Errorf("%d lines are kept, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

// demonstration is one whose server is a script of testdata.
func demonstration(t *testing.T, script string) (*demo, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	return &demo{
		program: filepath.Join("testdata", script), folder: filepath.Join(testkit.Root(t), "testdata", "audio"),
		names: []string{"en-01.flac"}, out: t.Output(), errors: &log,
	}, &log
}
