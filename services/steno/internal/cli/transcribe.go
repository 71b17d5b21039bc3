package cli

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func transcribeCommand() command {
	return command{
		name: "transcribe", operands: "FILE...", summary: "turns recordings into text",
		help: transcribeHelp, setup: setupTranscribe,
	}
}

const transcribeHelp = `FILE is any recording or video that ffmpeg can read. Up to four run side by side;
results come in the order of the files. Ctrl-C cancels the jobs on the server. A large
recording goes on where it was when the connection breaks.

Examples
  steno transcribe talk.mp3                           the text, on the screen
  steno transcribe --output talk.srt talk.mp4         subtitles, by the name of the file
  steno transcribe --format vtt --output out/ *.ogg   a file each in the folder out
  steno transcribe --language ru --model demo a.wav   no guessing of the language
  steno transcribe --channels split call.wav          a speaker on each channel
`

// wish is what the user asked for with flags.
type wish struct {
	job    client.NewJob // without the file
	format string
	output string
}

func setupTranscribe(fs *flag.FlagSet) work {
	var w wish
	formatFlags(fs, &w.format, &w.output)
	fs.StringVar(&w.job.Language, "language", "auto", "`code` of the language spoken, such as en or ru; auto finds it")
	fs.StringVar(&w.job.Model, "model", "", "`name` of the model, see `steno models`; else the server chooses")
	fs.StringVar(&w.job.Prompt, "prompt", "", "a `text` with names and words that come up")
	fs.BoolVar(&w.job.Diarization, "diarization", false, "tell speakers apart")
	fs.IntVar(&w.job.MaxSpeakers, "max-speakers", 0, "at most so `many` speakers; 0 for any")
	fs.StringVar(&w.job.Channels, "channels", "mix", "`mix`, or split: each channel of the recording is one speaker")
	fs.StringVar(&w.job.Priority, "priority", "normal", "`low`, normal or high: how urgent it is")
	fs.StringVar(&w.job.CallbackURL, "callback", "", "`address` to call when the job ends")
	fs.BoolFunc("translate", "write English whatever is spoken", func(value string) error {
		on, err := strconv.ParseBool(value)
		if on {
			w.job.Task = "translate"
		}
		return err
	})
	fs.Func("keywords", "`words` that come up, with commas between them", func(value string) error {
		for word := range strings.SplitSeq(value, ",") {
			if word = strings.TrimSpace(word); word != "" {
				w.job.Keywords = append(w.job.Keywords, word)
			}
		}
		return nil
	})
	return func(ctx context.Context, s *session, operands []string) error {
		return s.transcribe(ctx, w, operands)
	}
}

// check refuses what the server would refuse only behind the upload.
func (w wish) check() error {
	switch {
	case w.job.Channels != "mix" && w.job.Channels != "split":
		return usage("--channels is mix or split, not %q", w.job.Channels)
	case w.job.Priority != "low" && w.job.Priority != "normal" && w.job.Priority != "high":
		return usage("--priority is low, normal or high, not %q", w.job.Priority)
	case w.job.MaxSpeakers < 0:
		return usage("--max-speakers is a number from 0")
	default:
		return nil
	}
}

// transcribe checks all it can before the first byte is sent.
func (s *session) transcribe(ctx context.Context, w wish, paths []string) error {
	recordings, err := openable(paths)
	if err != nil {
		return err
	}
	if err := w.check(); err != nil {
		return err
	}
	if w.format, err = chooseFormat(w.format, w.output); err != nil {
		return err
	}
	if w.format == "docx" && w.output == "" && (s.StdoutTerminal || len(paths) > 1) {
		return usage("docx is no text for a screen; add --output FILE")
	}
	if err := chooseTargets(recordings, w.output, w.format); err != nil {
		return err
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	b := &batch{session: s, client: c, wish: w, recordings: recordings, progress: s.newProgress(recordings)}
	return b.run(ctx)
}

// failure is the error of a job that ended otherwise than completed.
func failure(end client.Status) error {
	switch {
	case end.Status == "completed":
		return nil
	case end.Error != nil:
		return fmt.Errorf("%s (%s)", end.Error.Message, end.Error.Code)
	default:
		return fmt.Errorf("the job %s is %s", end.TaskID, end.Status)
	}
}
