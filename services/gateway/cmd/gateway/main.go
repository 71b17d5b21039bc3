// Command gateway is the HTTP API as a process of its own, one replica of any number.
// It accepts jobs and answers questions. Its flags are those of `stenomesh up` that
// concern it; "gateway -help" lists them.
package main

import (
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/gateway"
)

func main() { os.Exit(host.Main(gateway.Part())) }
