package cli

import (
	"flag"
	"fmt"
	"strings"
)

// help prints the page of a command, or the overview.
func (a *App) help(topic []string) error {
	if len(topic) == 0 {
		return a.print(overview())
	}
	command, _, err := find(topic)
	if err != nil {
		return err
	}
	return a.print(command.page())
}

// overview is the first page of the help.
func overview() string {
	var b strings.Builder
	b.WriteString("steno turns recordings into text on a Stenomesh server.\n\n")
	b.WriteString("Usage: steno [flags] command [arguments]\n\nCommands\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-17s  %s\n", c.name, c.summary)
	}
	b.WriteString("  help               tells more about a command: steno help transcribe\n")
	b.WriteString("\nFlags of every command; they may stand anywhere\n")
	b.WriteString(flagTable(newFlags("steno", &connection{url: defaultURL})))
	b.WriteString(overviewEnd)
	return b.String()
}

const overviewEnd = `
Examples
  steno login --user anna
  steno transcribe talk.mp3
  steno transcribe --format srt --output subtitles/ *.mp4
  export STENO_URL=http://mesh.example:8000 STENOMESH_API_KEY=...; steno history

Exit status
  0  all went well
  1  a job failed, or the server could not do what was asked
  2  the command line makes no sense
`

// flagTable lists the flags of a set, in the order of their names.
func flagTable(fs *flag.FlagSet) string {
	var b strings.Builder
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			text += " (default " + f.DefValue + ")"
		}
		dashes := "--"
		if len(f.Name) == 1 {
			dashes = "-"
		}
		fmt.Fprintf(&b, "  %-24s  %s\n", strings.TrimSpace(dashes+f.Name+" "+value), text)
	})
	return b.String()
}
