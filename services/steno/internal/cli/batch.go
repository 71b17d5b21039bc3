package cli

import (
	"context"
	"fmt"
	"sync"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// sideBySide is how many recordings are on their way at a time. The server
// shares its work fairly anyway; more would only queue there.
const sideBySide = 4

// batch transcribes recordings side by side and delivers in their order.
type batch struct {
	session    *session
	client     *client.Client
	wish       wish
	recordings []recording
	progress   progress
	workers    sync.WaitGroup
}

// result is what became of one recording: its transcript where that goes to the
// standard output.
type result struct {
	content []byte
	err     error
}

// run returns when all recordings have ended. One that fails does not stop the
// others.
func (b *batch) run(ctx context.Context) error {
	defer b.progress.close()
	defer b.workers.Wait()
	results := b.start(ctx)
	failed := 0
	for i := range b.recordings {
		r := <-results[i]
		if r.err == nil {
			r.err = b.deliver(i, r.content)
		}
		if r.err == nil {
			continue
		}
		if len(b.recordings) == 1 {
			return r.err
		}
		failed++
		if ctx.Err() == nil {
			b.progress.aside(func() { b.session.note("%s: %s", printable(b.recordings[i].name), sentence(r.err)) })
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d recordings failed", failed, len(b.recordings))
	}
	return nil
}

// start sets the workers going. Each recording gets exactly one result; the
// workers end with the last.
func (b *batch) start(ctx context.Context) []chan result {
	results := make([]chan result, len(b.recordings))
	for i := range results {
		results[i] = make(chan result, 1)
	}
	var next counter
	for range min(sideBySide, len(b.recordings)) {
		b.workers.Go(func() {
			for i := next.take(); i < len(results); i = next.take() {
				results[i] <- b.process(ctx, i)
			}
		})
	}
	return results
}

// process transcribes, and writes the result at once where it goes to a file, so
// that a finished recording is safe whatever becomes of the others.
func (b *batch) process(ctx context.Context, i int) result {
	content, err := b.transcribe(ctx, i)
	b.progress.ended(i)
	if target := b.recordings[i].target; err == nil && target != "" {
		return result{err: writeTarget(target, content)}
	}
	return result{content: content, err: err}
}

// deliver shows a result, under its name when there are several and the format
// has room for one.
func (b *batch) deliver(i int, content []byte) error {
	r := b.recordings[i]
	if r.target != "" {
		b.progress.aside(func() { b.session.note("%s: written to %s", printable(r.name), printable(r.target)) })
		return nil
	}
	text := string(content)
	if len(b.recordings) > 1 && b.wish.format != "json" {
		text = fmt.Sprintf("==> %s <==\n%s\n", printable(r.name), text)
	}
	var err error
	b.progress.aside(func() { err = b.session.print(text) })
	return err
}

// counter hands out 0, 1, 2, ... to any number of goroutines.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n - 1
}
