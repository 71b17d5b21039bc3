// Command metrics is the metrics sidecar as a process of its own, one replica of any number.
// It gathers what all services observe. Its flags are those of `stenomesh up` that
// concern it; "metrics -help" lists them.
package main

import (
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/metrics"
)

func main() { os.Exit(host.Main(metrics.Part())) }
