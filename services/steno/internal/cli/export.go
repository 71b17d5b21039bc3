package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

const exportHelp = `TASK is the id that transcribe tells and history lists. Options for subtitles are for
srt, vtt and lrc; without them the server's count.

Examples
  steno export TASK                                         the text, on the screen
  steno export TASK --format srt --max-line-length 32 --output talk.srt
  steno export --all --format docx --output folder/         of all completed jobs
`

// exportWish is what the user asked for with flags.
type exportWish struct {
	client.Export
	output string
	all    bool
}

func exportCommand() command {
	return command{name: "export", operands: "TASK...", summary: "gets transcripts in any format", help: exportHelp, setup: setupExport}
}

func setupExport(fs *flag.FlagSet) work {
	w := exportWish{Export: client.Export{Subtitles: map[string]string{}}}
	formatFlags(fs, &w.Format, &w.output)
	fs.IntVar(&w.Version, "version", 0, "`number` of the version of the transcript; else the newest")
	fs.BoolVar(&w.all, "all", false, "all completed jobs, into the folder of --output")
	subtitleFlags(fs, w.Subtitles)
	return func(ctx context.Context, s *session, operands []string) error { return s.export(ctx, w, operands) }
}

// subtitleFlags are the options for subtitles; what is given is put into options. The
// server knows what they may be.
func subtitleFlags(fs *flag.FlagSet, options map[string]string) {
	for _, f := range []struct{ flag, option, text string }{
		{"max-line-length", "max_line_length", "`n` characters in a line of subtitles"},
		{"max-lines", "max_lines", "`n` lines in a subtitle"},
		{"max-cps", "max_cps", "`n` characters a second, so that it can be read; 0 for any"},
		{"min-duration", "min_duration", "`seconds` a subtitle stands at least"},
		{"max-duration", "max_duration", "`seconds` a subtitle stands at most"},
		{"min-gap", "min_gap", "`seconds` between subtitles"},
	} {
		fs.Func(f.flag, f.text, func(value string) error {
			options[f.option] = value
			return nil
		})
	}
	fs.BoolFunc("speakers", "name the speakers in subtitles", func(value string) error {
		options["speakers"] = value
		return nil
	})
}

// export checks all it can before the server is asked.
func (s *session) export(ctx context.Context, w exportWish, tasks []string) (err error) {
	if w.Format, err = chooseFormat(w.Format, w.output); err != nil {
		return err
	}
	switch {
	case w.all && (len(tasks) > 0 || w.output == ""):
		return usage("--all takes no tasks, and wants a folder: --output FOLDER")
	case !w.all && len(tasks) == 0:
		return usage("export wants at least one task id; `steno history` lists them")
	case w.Format == "docx" && w.output == "" && (s.StdoutTerminal || len(tasks) > 1):
		return usage("docx is no text for a screen; add --output FILE")
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	e := exporter{session: s, client: c, wish: w}
	switch {
	case w.all:
		return e.all(ctx)
	case len(tasks) == 1 && !isFolder(w.output):
		return e.one(ctx, tasks[0], w.output)
	case w.output == "":
		return e.each(ctx, tasks, func(string) (string, error) { return "", nil })
	default:
		return e.each(ctx, tasks, func(task string) (string, error) {
			job, err := c.Status(ctx, task)
			return e.target(job), err
		})
	}
}

// exporter gets transcripts one after the other.
type exporter struct {
	session *session
	client  *client.Client
	wish    exportWish
	taken   map[string]bool // files that are written
}

// one puts a transcript where it is wanted; an empty target is the standard output.
func (e *exporter) one(ctx context.Context, task, target string) error {
	out, err := e.client.Export(ctx, task, e.wish.Export)
	if err != nil {
		return err
	}
	if target == "" {
		return e.session.print(string(out.Content))
	}
	if err := writeTarget(target, out.Content); err != nil {
		return err
	}
	e.session.note("%s: written to %s", printable(task), printable(target))
	return nil
}

// each goes on where one fails.
func (e *exporter) each(ctx context.Context, tasks []string, target func(task string) (string, error)) error {
	failed := 0
	for _, task := range tasks {
		to, err := target(task)
		if err == nil {
			err = e.one(ctx, task, to)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed++
			e.session.note("%s: %s", printable(task), sentence(err))
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d transcripts are missing", failed, len(tasks))
	}
	return nil
}
