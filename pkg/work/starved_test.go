package work

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestWorker_warnsOnceThatItsQueueIsGone(t *testing.T) {
	t.Parallel()
	var told bytes.Buffer
	w := &Worker{Name: "w", Log: slog.New(slog.NewTextHandler(&told, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	gone := errors.New("consumer not found")

	for _, err := range []error{gone, gone, ErrEmpty, gone, gone} {
		w.pause(t.Context(), err)
	}

	if n := strings.Count(told.String(), "consumer not found"); n != 2 {
		t.Errorf("warned %d times, want once for each time it went:\n%s", n, &told)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	w.starved = false
	w.pause(ended, context.Canceled)
	if strings.Contains(told.String(), "canceled") {
		t.Error("warned of its own end")
	}
}
