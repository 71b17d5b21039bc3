package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/sandbox"
)

const (
	// politeStop is the exit status after a signal that asks the program to end;
	// what it has written by then is a part of the recording only.
	politeStop = 255
	// notExecutable and notFound are exit statuses of prlimit, which starts the
	// program, and of the dynamic loader that lacks a library.
	notExecutable = 126
	notFound      = 127
	// diskSaid is what the programs say of EIO. They say it of damaged
	// recordings as well.
	diskSaid = "Input/output error"
)

// Interrupted reports whether somebody from outside ended the program before it
// was done. The recording need not be to blame, and the next try may succeed.
func Interrupted(err error) bool {
	var exit *sandbox.ExitError
	return sandbox.Killed(err) || errors.As(err, &exit) && exit.Code == politeStop
}

// NotStarted reports whether the program never ran: it is missing, may not be
// executed, or lacks a library. An upgrade does that for a while; no recording
// does.
func NotStarted(err error) bool {
	var exit *sandbox.ExitError
	return errors.As(err, &exit) && (exit.Code == notExecutable || exit.Code == notFound)
}

// DiskError returns the error of the disk that a program met in the file at
// path, or nil. When what it said (stderr) hints at one, the file is read to
// find out whether the disk is at fault or only the content.
func DiskError(ctx context.Context, stderr, path string) error {
	if !strings.Contains(stderr, diskSaid) {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read recording: %w", err)
	}
	defer func() { _ = file.Close() }() // opened for reading: nothing to lose
	for ctx.Err() == nil {
		_, err := io.CopyN(io.Discard, file, 1<<20)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read recording: %w", err)
		}
	}
	return ctx.Err()
}
