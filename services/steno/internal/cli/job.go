package cli

import (
	"flag"
	"strconv"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// jobFlags are the options of a job.
func jobFlags(fs *flag.FlagSet, job *client.NewJob) {
	fs.StringVar(&job.Language, "language", "auto", "`code` of the language spoken, such as en or ru; auto finds it")
	fs.StringVar(&job.Model, "model", "", "`name` of the model, see `steno models`; else the server chooses")
	fs.StringVar(&job.Prompt, "prompt", "", "a `text` with names and words that come up")
	fs.BoolVar(&job.Diarization, "diarization", false, "tell speakers apart")
	fs.IntVar(&job.MaxSpeakers, "max-speakers", 0, "at most so `many` speakers; 0 for any")
	fs.StringVar(&job.Channels, "channels", "mix", "`mix`, or split: each channel of the recording is one speaker")
	fs.StringVar(&job.Priority, "priority", "normal", "`low`, normal or high: how urgent it is")
	fs.StringVar(&job.CallbackURL, "callback", "", "`address` to call when the job ends")
	fs.BoolFunc("translate", "write English whatever is spoken", func(value string) error {
		on, err := strconv.ParseBool(value)
		if on {
			job.Task = "translate"
		}
		return err
	})
	fs.Func("keywords", "`words` that come up, with commas between them", func(value string) error {
		for word := range strings.SplitSeq(value, ",") {
			if word = strings.TrimSpace(word); word != "" {
				job.Keywords = append(job.Keywords, word)
			}
		}
		return nil
	})
}

// checkJob refuses what the server would refuse only behind the upload.
func checkJob(job client.NewJob) error {
	switch {
	case job.Channels != "mix" && job.Channels != "split":
		return usage("--channels is mix or split, not %q", job.Channels)
	case job.Priority != "low" && job.Priority != "normal" && job.Priority != "high":
		return usage("--priority is low, normal or high, not %q", job.Priority)
	case job.MaxSpeakers < 0:
		return usage("--max-speakers is a number from 0")
	default:
		return nil
	}
}
