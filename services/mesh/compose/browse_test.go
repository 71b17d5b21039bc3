//go:build compose

package compose_test

import (
	"bytes"
	"context"
	"time"
)

// browse is what a user's page asks for: the list, jobs, their transcripts.
func (c *crew) browse(ctx context.Context) error {
	pause(200 * time.Millisecond)
	page, err := c.user.Client().History(ctx, 10, "")
	if err != nil {
		return err
	}
	for _, job := range page.Items {
		if _, err := c.user.Client().Job(ctx, job.TaskID); err != nil {
			return err
		}
		if job.Status != "completed" {
			continue
		}
		if _, err := c.user.Client().Download(ctx, job.TaskID, "vtt"); err != nil {
			return err
		}
	}
	return nil
}

// upload stores a small recording; its bytes are there already, its name is new.
func (c *crew) upload(ctx context.Context) error {
	pause(500 * time.Millisecond)
	wav := append([]byte("RIFF\x24\x7d\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data\x00\x7d\x00\x00"), make([]byte, 32000)...)
	_, err := c.user.Client().Upload(ctx, "silence.wav", int64(len(wav)), bytes.NewReader(wav))
	return err
}
