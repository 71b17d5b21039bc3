//go:build whisper

package whisper

// #include "binding.h"
import "C"

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// libwhisper has one log callback for the whole process.
var libraryLog atomic.Pointer[logSink]

// logSink passes the library's lines on, a limited number a second: a failing
// backend can write one for every node of its graph.
type logSink struct {
	logger  *slog.Logger
	limiter *rate.Limiter
}

// setLogger sends the library's log to logger from now on.
func setLogger(logger *slog.Logger) {
	libraryLog.Store(&logSink{logger: logger, limiter: rate.NewLimiter(20, 200)})

	least := C.int(C.GGML_LOG_LEVEL_WARN)
	if logger.Enabled(context.Background(), slog.LevelDebug) {
		least = C.GGML_LOG_LEVEL_DEBUG
	}
	C.log_to_go(least)
}

// whisperLogLine is called by the library on any thread.
//
//export whisperLogLine
func whisperLogLine(level C.int, text *C.char) {
	sink := libraryLog.Load()
	line := strings.TrimSpace(C.GoString(text))
	if sink == nil || line == "" || !sink.limiter.Allow() {
		return
	}
	sink.logger.Log(context.Background(), slogLevel(level), "whisper library", "line", line)
}

// slogLevel keeps the library's informational lines at Debug: they describe
// every load in some fifty lines.
func slogLevel(level C.int) slog.Level {
	if level >= C.GGML_LOG_LEVEL_WARN {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
