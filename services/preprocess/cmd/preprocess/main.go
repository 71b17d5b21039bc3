// Command preprocess is the audio preprocessor as a process of its own, one replica of any number.
// It runs ffmpeg, which must be installed. Its flags are those of `stenomesh up` that
// concern it; "preprocess -help" lists them.
package main

import (
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/preprocess"
)

func main() { os.Exit(host.Main(preprocess.Part())) }
