// Command transcriber is the transcriber as a process of its own, one replica of any number.
// It runs whisper-engine, which lies beside it. Its flags are those of `stenomesh up` that
// concern it; "transcriber -help" lists them.
package main

import (
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/transcriber"
)

func main() { os.Exit(host.Main(transcriber.Part())) }
