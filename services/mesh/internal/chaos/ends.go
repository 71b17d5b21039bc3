package chaos

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// ends is how a run ended.
type ends struct {
	jobs  map[string]Outcome // by id: those that were accepted
	total int                // jobs that the history has
	again Again
}

// ends follows every job to its end and looks inside when nothing is left to be done.
func (tr *Trial) ends(ctx context.Context) ends {
	tr.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	e := ends{jobs: tr.outcomes(ctx)}
	e.total = tr.total(ctx)
	onlyTranscripts(tr.t, tr.Cluster.BlobFolder())
	inside := tr.Inside()
	NothingLeft(tr.t, inside)
	e.again = tr.again(ctx, inside)
	return e
}

// judge holds what users saw against how it ended, and fails the test when something
// is lost or wrong.
func (tr *Trial) judge(e ends) Report {
	tr.t.Helper()
	report := Check(tr.ledger.Events(), e.jobs, tr.want, e.total)
	report.Redone(e.again)
	add(report)
	tr.t.Logf("%s", report)
	if len(report.Wrong) > 0 {
		path := filepath.Join(tr.t.ArtifactDir(), "ledger.jsonl")
		tr.t.Errorf("something is lost or wrong; what the users saw is in %s (%v)", path, tr.ledger.Save(path))
	}
	return report
}

// outcomes follows every accepted job to its end and looks it up.
func (tr *Trial) outcomes(ctx context.Context) map[string]Outcome {
	tr.t.Helper()
	all := map[string]Outcome{}
	for _, e := range tr.ledger.Events() {
		if e.What != Accepted {
			continue
		}
		state, err := tr.user.follow(ctx, e.Job)
		if err != nil {
			tr.t.Logf("job %s: %v", e.Job, err)
		}
		outcome := Outcome{State: state, Attempt: tr.attempt(ctx, e.Job)}
		if state == "completed" {
			outcome.SHA256, err = tr.user.words(ctx, e.Job)
			if err != nil {
				tr.t.Logf("job %s: %v", e.Job, err)
			}
		}
		all[e.Job] = outcome
	}
	tr.countRows(ctx, all)
	return all
}

// attempt is which one of a job's there is; 0 when nobody tells.
func (tr *Trial) attempt(ctx context.Context, id string) int {
	status, err := tr.user.Client().Status(ctx, id)
	if err != nil {
		tr.t.Logf("job %s: %v", id, err)
	}
	return status.Attempt
}

// countRows waits until the history has all jobs, and counts how often.
func (tr *Trial) countRows(ctx context.Context, all map[string]Outcome) {
	tr.t.Helper()
	testkit.Eventually(tr.t, "the history is up to date", func() bool {
		rows := map[string]int{}
		for cursor := ""; ; {
			page, err := tr.user.Client().History(ctx, 100, cursor)
			if err != nil {
				return false
			}
			for _, item := range page.Items {
				if item.Status == "completed" {
					rows[item.TaskID]++
				}
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		for id, o := range all {
			o.Rows = rows[id]
			all[id] = o
		}
		for _, o := range all {
			if o.State == "completed" && o.Rows == 0 {
				return false
			}
		}
		return true
	})
}

func (tr *Trial) total(ctx context.Context) int {
	tr.t.Helper()
	page, err := tr.user.Client().History(ctx, 1, "")
	if err != nil {
		tr.t.Fatal(err)
	}
	return int(page.Total)
}

// onlyTranscripts waits until nothing is stored of jobs but their transcripts.
func onlyTranscripts(t testing.TB, blobs string) {
	t.Helper()
	testkit.Eventually(t, "only transcripts are stored of jobs", func() bool {
		others := 0
		err := filepath.WalkDir(filepath.Join(blobs, "jobs"), func(_ string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && !strings.HasPrefix(entry.Name(), "transcript-") {
				others++
			}
			return err
		})
		return err == nil && others == 0 // an error: something went while we looked
	})
}
