//go:build compose

package compose_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// settleTime is how long jobs may take to their end when all is well again. It only
// ends tests that fail.
const settleTime = 10 * time.Minute

// judge follows every accepted job to its end and has it all checked. What is wrong
// fails the test, and then the ledger is kept.
func (c *crew) judge() chaos.Report {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), settleTime)
	defer cancel()
	outcomes := map[string]chaos.Outcome{}
	for _, e := range c.ledger.Events() {
		if e.What == chaos.Accepted {
			outcomes[e.Job] = c.outcome(ctx, e.Job)
		}
	}
	rows := c.rows(ctx, outcomes)
	for id, o := range outcomes {
		o.Rows = rows[id]
		outcomes[id] = o
	}
	report := chaos.Check(c.ledger.Events(), outcomes, c.want, len(rows))
	if len(report.Wrong) > 0 {
		path := filepath.Join(c.t.ArtifactDir(), "ledger.jsonl")
		c.t.Errorf("something is lost or wrong; what the users saw is in %s (%v)\n%s", path, c.ledger.Save(path), summary(report))
	}
	return report
}

// summary is a verdict for people, without what only the mesh's inside can tell.
func summary(r chaos.Report) string {
	return fmt.Sprintf("%d jobs accepted, %d completed; %d answers 503 with Retry-After; lost or wrong: %d\n%s\n",
		r.Accepted, r.Completed, r.Waited, len(r.Wrong), strings.Join(r.Wrong, "\n"))
}

// outcome follows one job.
func (c *crew) outcome(ctx context.Context, id string) chaos.Outcome {
	c.t.Helper()
	status, err := c.user.Client().Watch(ctx, id, nil)
	if err != nil {
		c.t.Errorf("job %s: %v", id, err)
		return chaos.Outcome{}
	}
	o := chaos.Outcome{State: status.Status, Attempt: status.Attempt}
	if status.Status != "completed" {
		return o
	}
	words, err := c.user.Client().Download(ctx, id, "srt")
	if err != nil {
		c.t.Errorf("transcript of job %s: %v", id, err)
		return o
	}
	sum := sha256.Sum256(words)
	o.SHA256 = hex.EncodeToString(sum[:])
	return o
}

// rows counts how often each job since the beginning is in the history as completed.
// The history may be some seconds behind.
func (c *crew) rows(ctx context.Context, outcomes map[string]chaos.Outcome) map[string]int {
	c.t.Helper()
	for {
		rows := c.readHistory(ctx)
		missing := 0
		for id, o := range outcomes {
			if o.State == "completed" && rows[id] == 0 {
				missing++
			}
		}
		if missing == 0 || ctx.Err() != nil {
			return rows
		}
		pause(time.Second)
	}
}

// readHistory reads the pages down to the job that was the newest at the beginning.
func (c *crew) readHistory(ctx context.Context) map[string]int {
	c.t.Helper()
	rows := map[string]int{}
	left, cursor := int64(-1), ""
	for left != 0 {
		page, err := c.user.Client().History(ctx, 100, cursor)
		if err != nil {
			c.t.Errorf("history: %v", err)
			return rows
		}
		if left < 0 {
			left = page.Total - c.before
		}
		for _, item := range page.Items {
			if left--; left >= 0 && item.Status == "completed" {
				rows[item.TaskID]++
			}
		}
		if cursor = page.NextCursor; cursor == "" || left < 0 {
			break
		}
	}
	return rows
}
