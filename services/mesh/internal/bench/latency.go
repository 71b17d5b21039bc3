package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// clipSeconds is how much audio a latency is measured with.
const clipSeconds = 5

// latency sends short recordings one after the other. The first one meets a
// server that has just started and has no model in memory.
func (b *bench) latency(ctx context.Context) (rows []Row, err error) {
	clips, err := b.recordMany(ctx, 1+b.cfg.Sizes.Latencies, clipSeconds, clipSeconds)
	if err != nil {
		return nil, err
	}
	s, err := b.startServer(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	var done, first durations
	for _, clip := range clips {
		began := time.Now()
		id, err := s.transcribe(ctx, clip)
		if err != nil {
			return nil, err
		}
		done = append(done, time.Since(began))
		if _, err := s.Download(ctx, id, "json"); err != nil {
			return nil, err
		}
		first = append(first, time.Since(began))
	}
	name := fmt.Sprintf("upload to done, %d s of audio", clipSeconds)
	return []Row{
		latency(name+", first job after the start", done[:1], "loads the model"),
		latency(name+", warm", done[1:], "seen by a long poll"),
		latency("upload to first segment, warm", first[1:], "one chunk: seen with the whole, once downloaded"),
	}, nil
}
