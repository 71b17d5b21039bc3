package cli

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
)

// command is one thing steno does.
type command struct {
	name     string // one or two words
	operands string // as the help shows them, for example "FILE..."
	summary  string // one line
	help     string // what more there is to know, with examples
	setup    func(fs *flag.FlagSet) work
}

// work is what a command does once its flags are read.
type work func(ctx context.Context, s *session, operands []string) error

func commands() []command {
	return []command{
		transcribeCommand(), statusCommand(), watchCommand(), historyCommand(), searchCommand(), exportCommand(),
		cancelCommand(), retryCommand(), deleteCommand(), deliveriesCommand(), deliveriesResendCommand(), webhookSecretCommand(),
		statsCommand(), modelsCommand(), pullCommand(), loginCommand(), logoutCommand(), meCommand(),
		keysCommand(), keysMakeCommand(), keysRemoveCommand(),
		usersCommand(), usersMakeCommand(), usersShowCommand(), usersChangeCommand(), usersDeleteCommand(), versionCommand(),
	}
}

// find returns the command that the arguments begin with, and what follows its
// name.
func find(arguments []string) (command, []string, error) {
	for words := min(2, len(arguments)); words > 0; words-- {
		name := strings.Join(arguments[:words], " ")
		if i := slices.IndexFunc(commands(), func(c command) bool { return c.name == name }); i >= 0 {
			return commands()[i], arguments[words:], nil
		}
	}
	return command{}, nil, usage("there is no command %q; `steno help` lists them", arguments[0])
}

// page is the help of the command.
func (c command) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage: steno %s\n", c.summary, strings.TrimSpace(c.name+" [flags] "+c.operands))
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.setup(fs)
	if flags := flagTable(fs); flags != "" {
		b.WriteString("\nFlags\n" + flags)
	}
	if c.help != "" {
		b.WriteString("\n" + c.help)
	}
	return b.String()
}
