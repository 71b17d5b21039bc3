// Package pieces writes the chunks of a recording: it reads them from the PCM
// of the whole, applies the gain, and stores several at a time.
package pieces

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
)

// Store keeps the PCM of piece n (from 0). It is called from several
// goroutines at once and reads audio to its end.
type Store func(ctx context.Context, n int, audio io.Reader) error

// Write stores every piece of the recording whose PCM is in scratch, with the
// gain in dB applied. As many pieces as there are processors are written at
// once. The first error stops all.
func Write(ctx context.Context, scratch io.ReaderAt, gainDB float64, pieces []segment.Piece, store Store) error {
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for n, piece := range pieces {
		group.Go(func() error {
			if err := running.Err(); err != nil {
				return err
			}
			if err := store(running, n, newAmplifier(scratch, piece.Span, gainDB)); err != nil {
				return fmt.Errorf("store piece %d: %w", n, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// offset returns where in the PCM a millisecond begins.
func offset(ms int64) int64 { return ms * pcm.BytesPerMs }
