// Package collect writes the results of chunks into the records of their jobs.
// Results are facts that may be told twice and in any order; the record counts
// each chunk once, because it keeps a set. The change that completes the set
// also moves the job on.
package collect

import (
	"context"
	"slices"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Apply brings results of one job into its record, by one compare-and-set.
// What the record has already, or has no use for any more, changes nothing.
func (c *Collector) Apply(ctx context.Context, id string, results []*jobv1.ChunkResult) error {
	changed := false
	record, _, err := c.jobs.Update(ctx, id, func(record *jobv1.Job) error {
		if changed = apply(record, results, time.Now()); !changed {
			return job.ErrUnchanged
		}
		return nil
	})
	switch {
	case fault.Is(err, fault.NotFound):
		return nil // purged long ago
	case err != nil:
		return err
	case changed && record.GetState() == jobv1.State_STATE_FAILED:
		c.log.Info("job failed", "job", id, "code", record.GetError().GetCode())
	}
	return nil
}

// apply reports whether it changed the record.
func apply(record *jobv1.Job, results []*jobv1.ChunkResult, now time.Time) bool {
	changed := false
	for _, result := range results {
		if record.GetState() != jobv1.State_STATE_TRANSCRIBING || record.GetAttempt() != result.GetAttempt() {
			continue
		}
		if result.GetError() != nil {
			record.Error = result.GetError()
			job.Advance(record, jobv1.State_STATE_FAILED, now)
			return true
		}
		if job.SetDone(record, result.GetChunk()) {
			record.DoneMs += result.GetAudioMs()
			learnLanguage(record, result)
			warn(record, result.GetWarnings())
			changed = true
		}
	}
	if changed && job.AllDone(record) {
		job.Advance(record, jobv1.State_STATE_ASSEMBLING, now)
	}
	return changed
}

// warn adds what the record does not say yet: most chunks say the same.
func warn(record *jobv1.Job, warnings []string) {
	for _, warning := range warnings {
		if !slices.Contains(record.GetWarnings(), warning) {
			record.Warnings = append(record.Warnings, warning)
		}
	}
}

// learnLanguage takes the language from the lead chunk. A lead chunk in which
// nobody spoke hands over to the next: one after the other, so that the same
// recording always ends with the same language.
func learnLanguage(record *jobv1.Job, result *jobv1.ChunkResult) {
	if record.GetOptions().GetLanguage() != "auto" || record.GetLanguage() != "" ||
		record.GetLeadChunk() != result.GetChunk() {
		return
	}
	if record.Language = result.GetLanguage(); record.Language != "" {
		return
	}
	for n := range record.GetChunks() {
		if !job.IsDone(record, n) {
			record.LeadChunk = n
			return
		}
	}
}
