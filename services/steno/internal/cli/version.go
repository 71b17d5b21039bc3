package cli

import (
	"context"
	"flag"
	"fmt"
	"runtime"

	"github.com/stenomesh/stenomesh/pkg/lifecycle"
)

func versionCommand() command {
	return command{
		name: "version", summary: "tells which steno this is",
		setup: func(*flag.FlagSet) work {
			return func(_ context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("version takes no arguments")
				}
				return s.print(versionText())
			}
		},
	}
}

func versionText() string {
	return fmt.Sprintf("steno %s, %s %s/%s\n", lifecycle.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
