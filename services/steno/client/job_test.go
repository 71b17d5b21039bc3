package client_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/steno/client"
	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

// wantProblem fails the test unless the error is this problem.
func wantProblem(t *testing.T, err error, status int, code string) {
	t.Helper()
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Status != status || problem.Code != code {
		t.Errorf("error is %v, want %d %s", err, status, code)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type readCloser struct{ io.Reader }

func (readCloser) Close() error { return nil }

func TestFind_returnsWhatMatchesPageByPage(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	c := connect(t, server)
	for _, name := range []string{"alpha 1.wav", "beta.wav", gatewaytest.Broken, "alpha 2.wav"} {
		if _, err := c.Watch(t.Context(), submit(t, c, name), nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		query client.Query
		want  []string
	}{
		"all":       {client.Query{Limit: 10}, []string{"alpha 2.wav", gatewaytest.Broken, "beta.wav", "alpha 1.wav"}},
		"oldest":    {client.Query{Limit: 10, Oldest: true, FileName: "alpha"}, []string{"alpha 1.wav", "alpha 2.wav"}},
		"words":     {client.Query{Limit: 10, Words: "beta"}, []string{"beta.wav"}},
		"failed":    {client.Query{Limit: 10, Statuses: []string{"failed", "cancelled"}}, []string{gatewaytest.Broken}},
		"next page": {client.Query{Limit: 1, Cursor: "1", FileName: "alpha", From: "2026-03-01", To: "2026-03-31"}, []string{"alpha 1.wav"}},
		"nothing":   {client.Query{Limit: 10, Language: "ru", Model: "demo"}, nil},
	} {
		found, err := c.Find(t.Context(), test.query)
		var names []string
		for _, job := range found.Items {
			names = append(names, job.FileName)
			if (job.Match != "") != (test.query.Words != "") {
				t.Errorf("%s: match is %q", name, job.Match)
			}
		}
		if err != nil || !slices.Equal(names, test.want) {
			t.Errorf("%s: found %q, want %q, error %v", name, names, test.want, err)
		}
	}
	_, err := c.Find(t.Context(), client.Query{From: "yesterday"})
	wantProblem(t, err, http.StatusBadRequest, "invalid_parameter")
}

func TestExport_isEditedByItsTagAlone(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	task := submit(t, c, "talk.mp3")
	if _, err := c.Watch(t.Context(), task, nil); err != nil {
		t.Fatal(err)
	}

	out, err := c.Export(t.Context(), task, client.Export{Format: "srt", Version: 1, Subtitles: map[string]string{"max_line_length": "32"}})
	if err != nil || string(out.Content) != "lines of 32\n" || out.Tag == "" {
		t.Fatalf("exported %q, tag %q, error %v", out.Content, out.Tag, err)
	}
	edited := []client.EditedSegment{{Start: 0, End: 1.5, Text: "Corrected."}}
	if version, err := c.EditTranscript(t.Context(), task, out.Tag, edited); err != nil || version != 2 {
		t.Errorf("version %d, error %v", version, err)
	}
	_, err = c.EditTranscript(t.Context(), task, out.Tag, edited)
	wantProblem(t, err, http.StatusPreconditionFailed, "transcript_changed")
}

func TestRetry_beginsAnotherAttempt(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	task := submit(t, c, gatewaytest.Broken)
	_, err := c.Retry(t.Context(), task)
	wantProblem(t, err, http.StatusConflict, "job_queued")
	if _, err := c.Watch(t.Context(), task, nil); err != nil {
		t.Fatal(err)
	}

	again, err := c.Retry(t.Context(), task)

	if err != nil || again.Status != "queued" || again.Attempt != 2 {
		t.Errorf("again %+v, error %v", again, err)
	}
	if err := c.Delete(t.Context(), task); err != nil {
		t.Error(err)
	}
	_, err = c.Status(t.Context(), task)
	wantProblem(t, err, http.StatusNotFound, "task_not_found")
}

func TestDeliveries_areListedAndSentAgain(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	file, err := c.Upload(t.Context(), "talk.mp3", 1, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	job, err := c.Create(t.Context(), client.NewJob{FileID: file.FileID, CallbackURL: "https://example.org/hook"})
	if err != nil {
		t.Fatal(err)
	}

	all, err := c.Deliveries(t.Context(), job.TaskID)

	if err != nil || len(all) != 1 || all[0].URL != "https://example.org/hook" || all[0].Attempts[0].Error.Code != "status" {
		t.Fatalf("deliveries %+v, error %v", all, err)
	}
	if err := c.Resend(t.Context(), job.TaskID, all[0].ID); err != nil {
		t.Error(err)
	}
	wantProblem(t, c.Resend(t.Context(), job.TaskID, "none"), http.StatusNotFound, "delivery_not_found")
	if secret, err := c.WebhookSecret(t.Context()); err != nil || secret.Secret == "" {
		t.Errorf("secret %+v, error %v", secret, err)
	}
	if _, err := c.RotateWebhookSecret(t.Context()); err != nil {
		t.Error(err)
	}
}
