package cli

import (
	"context"
	"flag"
	"fmt"

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
	jobFlags(fs, &w.job)
	return func(ctx context.Context, s *session, operands []string) error {
		return s.transcribe(ctx, w, operands)
	}
}

// transcribe checks all it can before the first byte is sent.
func (s *session) transcribe(ctx context.Context, w wish, paths []string) error {
	recordings, err := openable(paths)
	if err != nil {
		return err
	}
	if err := checkJob(w.job); err != nil {
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
