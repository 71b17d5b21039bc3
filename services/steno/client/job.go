package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Status is where a job stands.
type Status struct {
	TaskID          string    `json:"task_id"`
	Status          string    `json:"status"` // queued, preprocessing, transcribing, completed, failed or cancelled
	Stage           string    `json:"stage"`
	Progress        float64   `json:"progress"` // 0 to 1
	Position        int       `json:"position"` // jobs before it in the queue; 0 is none or not known
	Model           string    `json:"model"`
	Language        string    `json:"language"`
	FileName        string    `json:"file_name"`
	DurationSeconds float64   `json:"duration_seconds"` // of the recording; 0 is not known yet
	CreatedAt       time.Time `json:"created_at,omitzero"`
	StartedAt       time.Time `json:"started_at,omitzero"`  // zero until it started
	FinishedAt      time.Time `json:"finished_at,omitzero"` // zero until it ended
	Error           *JobError `json:"error,omitempty"`      // set when failed
	Cached          bool      `json:"cached"`
	Attempt         int       `json:"attempt"`
	Revision        uint64    `json:"revision,omitempty"` // what ?since= takes; 0 where the server does not tell
	Warnings        []string  `json:"warnings,omitempty"` // what will be less than asked for; only Create and Job tell
}

// JobError is why a job failed.
type JobError struct {
	Code    string `json:"code"`    // stable, for example "corrupt_media"
	Message string `json:"message"` // a sentence for people
}

// Terminal reports whether the job has ended, one way or another.
func (s Status) Terminal() bool {
	return s.Status == "completed" || s.Status == "failed" || s.Status == "cancelled"
}

// sameAs reports whether nothing a user sees has changed.
func (s Status) sameAs(o Status) bool {
	return s.Status == o.Status && s.Stage == o.Stage && s.Progress == o.Progress && s.Position == o.Position
}

// Job is a job with what became of it.
type Job struct {
	Status
	Timings []Timing `json:"timings"` // stages in the order they ended
}

// Timing is how long one stage took.
type Timing struct {
	Stage   string  `json:"stage"`
	Seconds float64 `json:"seconds"`
}

// NewJob says what is to be transcribed, and how.
type NewJob struct {
	FileID      string `json:"file_id"`
	Model       string `json:"model,omitempty"`    // empty: the server's choice
	Language    string `json:"language,omitempty"` // ISO 639-1 code or "auto"
	Diarization bool   `json:"diarization"`
	Prompt      string `json:"prompt,omitempty"`
	Channels    string `json:"channels,omitempty"`  // "split": each channel is one speaker; empty: a mix
	BeamSize    int    `json:"beam_size,omitempty"` // width of the search; 0: the server's choice
	// WordTimestamps adds the words and their times to the JSON result.
	WordTimestamps bool     `json:"word_timestamps,omitempty"`
	Task           string   `json:"task,omitempty"`         // "translate": English whatever is spoken; empty: as it was said
	Keywords       []string `json:"keywords,omitempty"`     // words that come up, the whole recording through
	Languages      []string `json:"languages,omitempty"`    // candidates where Language is "auto"; none: the server's
	MaxSpeakers    int      `json:"max_speakers,omitempty"` // 0: as many as there are
	Priority       string   `json:"priority,omitempty"`     // "low" or "high"; empty: normal
	CallbackURL    string   `json:"callback_url,omitempty"` // is called when the job ends
	// Key is what the server knows this job by if it is created again: for a day the
	// same key makes no second job. Empty: one for this call alone.
	Key string `json:"-"`
}

// Create starts a job and returns it as the server accepted it. What is lost on the
// way is asked again, and makes no second job.
func (c *Client) Create(ctx context.Context, job NewJob) (Status, error) {
	var status Status
	err := c.postOnce(ctx, cmp.Or(job.Key, rand.Text()), "/api/v1/transcription/create", job, &status)
	return status, err
}

// Status returns where a job stands.
func (c *Client) Status(ctx context.Context, id string) (Status, error) {
	var status Status
	err := c.get(ctx, jobPath(id, "status"), nil, &status)
	return status, err
}

// Job returns a job with its timings.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	var job Job
	err := c.get(ctx, jobPath(id), nil, &job)
	return job, err
}

// Cancel stops a job. Asking twice is no error; stopping one that has ended is.
func (c *Client) Cancel(ctx context.Context, id string) error {
	_, err := c.repeat(ctx, request{method: http.MethodPost, path: jobPath(id, "cancel"), limit: readLimit})
	return err
}

// Retry begins the next attempt of a job that failed or was cancelled, and returns
// where it stands.
func (c *Client) Retry(ctx context.Context, id string) (Status, error) {
	body, err := c.fetch(ctx, request{method: http.MethodPost, path: jobPath(id, "retry"), limit: readLimit})
	if err != nil {
		return Status{}, err
	}
	var status Status
	err = decode(jobPath(id, "retry"), body, &status)
	return status, err
}

// Delete removes a job and its transcript. One that runs is stopped.
func (c *Client) Delete(ctx context.Context, id string) error { return c.remove(ctx, jobPath(id)) }

// Download returns the transcript of a completed job in a format: "text", "srt",
// "vtt", "tsv", "csv", "lrc", "json" or "docx". Export takes more options.
func (c *Client) Download(ctx context.Context, id, format string) ([]byte, error) {
	return c.repeat(ctx, request{
		method: http.MethodGet, path: jobPath(id, "download"), query: url.Values{"format": {format}}, limit: bulkLimit,
	})
}

// The server answers a poll at once when the job takes a step, and after pollWait
// at the latest; the progress within a step is as fresh as that.
const (
	pollWait  = 2 * time.Second
	pollLimit = pollWait + readLimit
	pollPause = 500 * time.Millisecond // spares a server that does not hold requests
)

// Watch follows a job to its end and returns how it ended. changed, if not nil,
// is told every change on the way, the end included.
func (c *Client) Watch(ctx context.Context, id string, changed func(Status)) (Status, error) {
	last, err := c.Status(ctx, id)
	if err != nil {
		return Status{}, err
	}
	tell(changed, last)
	for !last.Terminal() {
		asked := time.Now()
		next, err := c.poll(ctx, id, last.Revision)
		if err != nil {
			return last, err
		}
		if !next.sameAs(last) {
			tell(changed, next)
		} else if err := sleep(ctx, pollPause-time.Since(asked)); err != nil {
			return last, err
		}
		last = next
	}
	return last, nil
}

func tell(changed func(Status), s Status) {
	if changed != nil {
		changed(s)
	}
}

// poll asks where the job stands and lets the server hold the answer until that
// changes.
func (c *Client) poll(ctx context.Context, id string, since uint64) (Status, error) {
	query := url.Values{"wait": {pollWait.String()}}
	if since > 0 {
		query.Set("since", strconv.FormatUint(since, 10))
	}
	var status Status
	err := c.getWithin(ctx, pollLimit, jobPath(id, "status"), query, &status)
	return status, err
}
