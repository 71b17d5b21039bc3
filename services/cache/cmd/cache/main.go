// Command cache is the cache as a process of its own, one replica of any number.
// It keeps what can be made again. Its flags are those of `stenomesh up` that
// concern it; "cache -help" lists them.
package main

import (
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/cache"
)

func main() { os.Exit(host.Main(cache.Part())) }
