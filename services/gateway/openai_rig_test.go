package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const transcriptionsPath = "/v1/audio/transcriptions"

// form is a multipart body of fields, "name=value" in the order given; the field
// "file" is a recording of that seed.
func form(fields ...string) (body, contentType string) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		if name == "file" {
			part, _ := w.CreateFormFile(name, value+".mp3")
			_, _ = part.Write([]byte(sound(value)))
			continue
		}
		_ = w.WriteField(name, value)
	}
	_ = w.Close()
	return out.String(), w.FormDataContentType()
}

// call is a request to the OpenAI-compatible API that waits for its job.
type call struct {
	user   user
	leave  context.CancelFunc // closes its connection
	answer func() (reply, error)
}

// ask sends a form in the background; header is "Name: value" pairs.
func (u user) ask(path string, fields []string, header ...string) call {
	u.t.Helper()
	body, contentType := form(fields...)
	ctx, leave := context.WithCancel(u.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url+path, strings.NewReader(body))
	u.ok(err)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+u.token)
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	type result struct {
		reply reply
		err   error
	}
	done := make(chan result, 1)
	go func() {
		got, err := u.try(req)
		done <- result{got, err}
	}()
	return call{user: u, leave: leave, answer: func() (reply, error) {
		got := <-done
		return got.reply, got.err
	}}
}

// wants is the answer, which has this status.
func (c call) wants(status int) reply {
	c.user.t.Helper()
	got, err := c.answer()
	c.user.ok(err)
	return got.wants(status, "")
}

// tasks lists the jobs of the user, newest first.
func (u user) tasks() []struct {
	TaskID string `json:"task_id"`
	Status string `json:"status"`
	FileID string `json:"file_id"`
} {
	u.t.Helper()
	var page struct {
		Items []struct {
			TaskID string `json:"task_id"`
			Status string `json:"status"`
			FileID string `json:"file_id"`
		} `json:"items"`
	}
	u.ok(json.Unmarshal([]byte(u.send("GET", "/api/v1/user/history?limit=100", "").wants(200, "").body), &page))
	return page.Items
}

// awaitTasks waits until the user has so many jobs and returns the id of the newest.
func (u user) awaitTasks(n int) string {
	u.t.Helper()
	testkit.Eventually(u.t, "the job is there", func() bool { return len(u.tasks()) == n })
	return u.tasks()[0].TaskID
}

// answered asks, completes the job with a transcript, and returns the answer.
func (u user) answered(t *jobv1.Transcript, path string, fields ...string) reply {
	u.t.Helper()
	before := len(u.tasks())
	waiting := u.ask(path, append(fields, "file=talk"))
	u.completeWith(u.awaitTasks(before+1), t)
	return waiting.wants(200)
}

// interview is a conversation of two, with words.
func interview() *jobv1.Transcript {
	segment := func(startMS int64, speaker, text string) *jobv1.Segment {
		s := &jobv1.Segment{StartMs: startMS, Speaker: speaker, Text: text, Language: "en", AvgLogprob: -0.25, NoSpeechProb: 0.01, CompressionRatio: 1.2}
		for _, w := range strings.Fields(text) {
			s.Words = append(s.Words, &jobv1.Word{StartMs: startMS, EndMs: startMS + 200, Text: w, Probability: 0.5})
			s.EndMs = startMS + 200
			startMS += 250
		}
		return s
	}
	return &jobv1.Transcript{Language: "en", DurationMs: 9470, Model: "demo", Segments: []*jobv1.Segment{
		segment(320, "channel 2", "Hello there."), segment(1500, "channel 2", "Who is it?"), segment(5000, "channel 1", "Nina."),
	}}
}
