// Command dispatcher is the dispatcher as a process of its own, one replica of any number.
// It decides what runs next and completes jobs. Its flags are those of `stenomesh up` that
// concern it; "dispatcher -help" lists them.
package main

import (
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/dispatcher"
)

func main() { os.Exit(host.Main(dispatcher.Part())) }
