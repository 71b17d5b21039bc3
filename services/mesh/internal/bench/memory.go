package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// memory reads what the processes have in memory: when nothing has run, when one
// job has, and after a load of many.
func (b *bench) memory(ctx context.Context) (rows []Row, err error) {
	many, err := b.recordMany(ctx, b.cfg.Sizes.Files, shortest, longest)
	if err != nil {
		return nil, err
	}
	s, err := b.startServer(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	fresh, err := readMemory(s.child.pid())
	if err != nil {
		return nil, err
	}
	idle, err := s.after(ctx, many[:1])
	if err != nil {
		return nil, err
	}
	loaded, err := s.after(ctx, many)
	if err != nil {
		return nil, err
	}
	load := fmt.Sprintf("after %d recordings at once", len(many))
	mib := func(figure string, m float64, against string) Row { return value(figure, 1, m, "MiB", against) }
	return []Row{
		mib("stenomesh, just started", fresh.now, "bus, SQL, cache and all services"),
		mib("stenomesh, after one job", idle.mesh.now, ""),
		mib("stenomesh, "+load, loaded.mesh.now, fmt.Sprintf("most it ever had: %.0f MiB", loaded.mesh.most)),
		mib("whisper-engine, after one job", idle.engine.now, "demo model"),
		mib("whisper-engine, "+load, loaded.engine.now, fmt.Sprintf("most it ever had: %.0f MiB", loaded.engine.most)),
		mib("ffmpeg, the largest of "+fmt.Sprint(loaded.ffmpegs), loaded.ffmpeg, "most one had while it was looked at"),
	}, nil
}

// footprint is the memory of the processes of a mesh.
type footprint struct {
	mesh, engine memory
	ffmpeg       float64 // MiB, of the largest that was seen
	ffmpegs      int     // how many were seen
}

// after reads the memory once these recordings are done.
func (s *server) after(ctx context.Context, recordings []recording) (f footprint, err error) {
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { f.ffmpeg, f.ffmpegs = watchFFmpeg(watching, s.child.pid()) })
	err = s.transcribeAll(ctx, recordings)
	stop()
	watch.Wait()
	if err != nil {
		return f, err
	}
	if f.mesh, err = readMemory(s.child.pid()); err != nil {
		return f, err
	}
	engines := descendants(s.child.pid(), engineName)
	if len(engines) != 1 {
		return f, fmt.Errorf("there are %d engines, want 1", len(engines))
	}
	f.engine, err = readMemory(engines[0].pid)
	return f, err
}

// watchFFmpeg looks for ffmpeg again and again until ctx ends. It returns the most
// memory that one had, in MiB, and how many it saw.
func watchFFmpeg(ctx context.Context, server int) (most float64, count int) {
	seen := map[int]bool{}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		for _, p := range descendants(server, "ffmpeg") {
			if m, err := readMemory(p.pid); err == nil { // else it has just ended
				most = max(most, m.most)
				seen[p.pid] = true
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return most, len(seen)
}
