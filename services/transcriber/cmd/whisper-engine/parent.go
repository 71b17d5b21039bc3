//go:build whisper

package main

import (
	"context"
	"io"
)

// withParent returns a context that ends when the parent does: its end of the
// pipe on stdin closes with it, however it dies.
func withParent(ctx context.Context, stdin io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	dieWithParent()
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, stdin) // an error is an end too
	}()
	return ctx
}
