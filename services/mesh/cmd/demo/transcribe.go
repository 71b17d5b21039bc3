package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// transcribe takes a sample through the API: upload, job, transcript.
func transcribe(ctx context.Context, c *client.Client, s sample) (report, error) {
	recording, err := os.Open(s.path)
	if err != nil {
		return report{}, err
	}
	defer func() { _ = recording.Close() }() // opened for reading: nothing to lose
	info, err := recording.Stat()
	if err != nil {
		return report{}, err
	}

	began := time.Now()
	file, err := c.Upload(ctx, s.name, info.Size(), recording)
	if err != nil {
		return report{}, err
	}
	uploaded := time.Now()
	task, err := finish(ctx, c, file.FileID)
	if err != nil {
		return report{}, err
	}
	srt, err := c.Download(ctx, task, "srt")
	if err != nil {
		return report{}, err
	}
	r := report{sample: s, srt: string(srt), upload: uploaded.Sub(began), total: time.Since(began)}
	return r, r.complete(ctx, c, task)
}

// finish runs a job to its end and returns its id.
func finish(ctx context.Context, c *client.Client, fileID string) (string, error) {
	created, err := c.Create(ctx, client.NewJob{FileID: fileID, Language: "auto"})
	if err != nil {
		return "", err
	}
	end, err := c.Watch(ctx, created.TaskID, nil)
	switch {
	case err != nil:
		return "", err
	case end.Error != nil:
		return "", fmt.Errorf("the job failed: %s (%s)", end.Error.Message, end.Error.Code)
	case end.Status != "completed":
		return "", fmt.Errorf("the job is %s", end.Status)
	}
	return created.TaskID, nil
}

// complete adds what the clock does not run for: the plain words and the stages.
func (r *report) complete(ctx context.Context, c *client.Client, task string) error {
	words, err := c.Download(ctx, task, "text")
	if err != nil {
		return err
	}
	r.words = string(words)
	r.job, err = c.Job(ctx, task)
	return err
}
