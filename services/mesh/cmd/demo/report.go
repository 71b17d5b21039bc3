package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// worstRate is the word error rate, in percent, above which the demonstration
// has failed.
const worstRate = 5.0

// report is what became of one sample.
type report struct {
	sample sample
	srt    string
	words  string // plain text of the transcript
	job    client.Job
	upload time.Duration // as the client saw it
	total  time.Duration // from the first byte sent to the transcript in hand
}

// text is the report for people: transcript, word error rate, times.
func (r report) text() string {
	wrong, said := r.score()
	return fmt.Sprintf("\n%s, %.1f s, language %s, model %s\n\n%s\n\nWER %.1f %% (%d of %d words wrong against %s)\n\n%s",
		r.sample.name, r.job.DurationSeconds, r.job.Language, r.job.Model, strings.TrimRight(r.srt, "\n"),
		rate(wrong, said), wrong, said, samplesFile, r.times())
}

// times is a table of the stages in the order they ended, with what the client
// measured around them.
func (r report) times() string {
	var b strings.Builder
	row := func(stage string, seconds float64) { fmt.Fprintf(&b, "%-14s %8.3f\n", stage, seconds) }
	fmt.Fprintf(&b, "%-14s %8s\n", "stage", "seconds")
	row("upload", r.upload.Seconds())
	for _, t := range r.job.Timings {
		row(t.Stage, t.Seconds)
	}
	row("total", r.total.Seconds())
	fmt.Fprintf(&b, "real-time factor %.3f: %.1f times as fast as the recording\n",
		r.total.Seconds()/r.job.DurationSeconds, r.job.DurationSeconds/r.total.Seconds())
	return b.String()
}

// check is an error when the words are not good enough.
func (r report) check() error {
	if wrong, said := r.score(); rate(wrong, said) > worstRate {
		return fmt.Errorf("word error rate of %s is %.1f %%, more than %.0f %%", r.sample.name, rate(wrong, said), worstRate)
	}
	return nil
}

func (r report) score() (wrong, said int) { return transcript.WER(r.sample.text, r.words) }

func rate(wrong, said int) float64 { return 100 * float64(wrong) / float64(max(1, said)) }
