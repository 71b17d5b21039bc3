//go:build compose

package compose_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// tasks tells how often the workers did each task, by their logs, which outlive a
// container that dies.
func (p project) tasks(since time.Time) tasks {
	p.t.Helper()
	all := tasks{done: map[string]int{}}
	logs := p.compose("logs", "--no-color", "--no-log-prefix", "--since", since.UTC().Format(time.RFC3339), "transcriber", "audio-preprocess")
	for line := range strings.Lines(logs) {
		var entry struct {
			Message string `json:"msg"`
			Job     string `json:"job"`
			Attempt uint32 `json:"attempt"`
			Chunk   uint32 `json:"chunk"`
		}
		if json.Unmarshal([]byte(line), &entry) != nil {
			continue // a line of another program, or one that a death cut off
		}
		switch entry.Message {
		case "recording prepared":
			all.done[fmt.Sprintf("prepare %s", entry.Job)]++
		case "chunk transcribed":
			all.done[fmt.Sprintf("transcribe %s/%d", entry.Job, entry.Chunk)]++
		case "task interrupted", "task failed", "task waits":
			all.broken++
		}
	}
	return all
}

// tasks are the tasks that were done, and how often each was.
type tasks struct {
	done   map[string]int
	broken int // runs that came to no end of their own
}

// twice are those that were done more than once.
func (a tasks) twice() []string {
	var names []string
	for name, n := range a.done {
		if n > 1 {
			names = append(names, fmt.Sprintf("%s: %d times", name, n))
		}
	}
	return names
}

// String is for people.
func (a tasks) String() string {
	return fmt.Sprintf("%d tasks done, %d of them more than once; %d runs broken off\n", len(a.done), len(a.twice()), a.broken)
}
