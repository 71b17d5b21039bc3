package job

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Usage returns how many bytes the JOBS bucket holds and how many it may hold (0
// or less: any number). A full bucket takes no write at all, not even the result
// of a job it has.
func (s *Store) Usage(ctx context.Context) (used, limit int64, err error) {
	return usage(ctx, s.js, Bucket)
}

// Usage is Store.Usage for the FILES bucket.
func (f *Files) Usage(ctx context.Context) (used, limit int64, err error) {
	return usage(ctx, f.js, FilesBucket)
}

func usage(ctx context.Context, js jetstream.JetStream, bucket string) (used, limit int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	stream, err := js.Stream(ctx, "KV_"+bucket)
	if err != nil {
		return 0, 0, busFault(fmt.Errorf("usage of %s: %w", bucket, err))
	}
	info := stream.CachedInfo() // of this moment: the handle is new
	return int64(info.State.Bytes), info.Config.MaxBytes, nil
}
