// Command history is the history as a process of its own, one replica of any number.
// It keeps jobs, transcripts and accounts in SQL. Its flags are those of `stenomesh up` that
// concern it; "history -help" lists them.
package main

import (
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/history"
)

func main() { os.Exit(host.Main(history.Part())) }
