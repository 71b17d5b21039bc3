package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/schollz/progressbar/v3"

	"github.com/stenomesh/stenomesh/pkg/catalog"
)

func pullCommand() command {
	return command{
		name: "models pull", operands: "NAME", summary: "downloads a model into the server's models folder",
		help: pullHelp,
		setup: func(fs *flag.FlagSet) work {
			dir := fs.String("dir", "var/models", "the models `folder` of the server")
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 1 {
					return usage("models pull wants the name of one model; `steno models` lists them")
				}
				return s.pull(ctx, operands[0], *dir)
			}
		},
	}
}

const pullHelp = `Run it on the server's machine, in the folder where "make up" runs: no server is asked.
The file is checked against the catalogue before it is used. The server needs no restart.
`

func (s *session) pull(ctx context.Context, name, dir string) error {
	models, err := s.Catalog()
	if err != nil {
		return err
	}
	model, err := models.Find(name)
	if err != nil {
		return fmt.Errorf("find model %s: %w", name, err)
	}
	s.note("%s: %s, %s", model.Name, bytesText(model.Bytes), model.Description)
	path, err := s.download(ctx, model, dir)
	if err != nil {
		return err
	}
	return s.print(path + "\n")
}

// download shows a bar to a person, and to a log a line every tenth.
func (s *session) download(ctx context.Context, model catalog.Model, dir string) (string, error) {
	puller := catalog.Puller{Dir: dir, Client: s.HTTP}
	if s.StderrTerminal {
		bar := terminalBar(s.Stderr, model.Bytes, progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true))
		defer func() { _ = bar.Clear() }() // a bar that cannot be drawn stops nothing
		return puller.Pull(ctx, model, func(done, _ int64) { _ = bar.Set64(done) })
	}
	shown := int64(0)
	return puller.Pull(ctx, model, func(done, total int64) {
		if tenth := 10 * done / total; tenth > shown {
			shown = tenth
			s.note("%s: %d %%, %s of %s", model.Name, 10*tenth, bytesText(done), bytesText(total))
		}
	})
}
