package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Bounds of the recordings that come many at once, in seconds.
const (
	shortest = 15
	longest  = 22
)

// throughput sends the same audio to a bare engine and through a whole mesh. The
// two take turns, so that what else the machine does meets both.
func (b *bench) throughput(ctx context.Context) (rows []Row, err error) {
	c := &contest{bench: b}
	if c.engine, err = b.startEngine(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.engine.stop()) }()
	if c.server, err = b.startServer(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.server.stop()) }()
	if err := c.warm(ctx); err != nil {
		return nil, err
	}
	one, err := b.record(ctx, b.cfg.Sizes.LongSeconds, 0)
	if err != nil {
		return nil, err
	}
	many, err := b.recordMany(ctx, b.cfg.Sizes.Files, shortest, longest)
	if err != nil {
		return nil, err
	}
	alone, err := c.run(ctx, fmt.Sprintf("1 recording of %.0f s", one.seconds), []recording{one})
	if err != nil {
		return nil, err
	}
	crowd, err := c.run(ctx, fmt.Sprintf("%d recordings at once, %.0f s in all", len(many), length(many)), many)
	if err != nil {
		return nil, err
	}
	return append(alone.rows(), crowd.rows()...), nil
}

// contest is the bare engine beside the mesh.
type contest struct {
	*bench
	engine *engine
	server *server
}

// warm loads the model in both.
func (c *contest) warm(ctx context.Context) error {
	clip, err := c.record(ctx, clipSeconds, 0)
	if err != nil {
		return err
	}
	if _, err := c.server.transcribe(ctx, clip); err != nil {
		return err
	}
	_, _, err = c.engine.timed(ctx, [][]byte{c.voices[0]})
	return err
}

// run lets both do the same in turns.
func (c *contest) run(ctx context.Context, name string, recordings []recording) (result, error) {
	r := result{name: name, rounds: c.cfg.Sizes.Rounds, seconds: length(recordings)}
	windows, err := c.windows(ctx, recordings)
	if err != nil {
		return r, err
	}
	if r.windows = len(windows); r.windows == 0 {
		return r, fmt.Errorf("there is no speech in %s", name)
	}
	for range r.rounds {
		engine, alone, err := c.engine.timed(ctx, windows)
		if err != nil {
			return r, err
		}
		mesh, used, err := c.server.timed(ctx, recordings)
		if err != nil {
			return r, err
		}
		c.progress("  %s: engine alone %.1f s, whole mesh %.1f s\n", name, engine.Seconds(), mesh.Seconds())
		r.engine, r.mesh, r.used = r.engine+engine, r.mesh+mesh, r.used.plus(used)
		r.alone += alone
	}
	return r, nil
}

// timed takes all recordings at once, and returns the time and the processor time
// that took.
func (s *server) timed(ctx context.Context, recordings []recording) (took time.Duration, used usage, err error) {
	before, err := usageOf(s.child.pid())
	if err != nil {
		return 0, usage{}, err
	}
	began := time.Now()
	if err := s.transcribeAll(ctx, recordings); err != nil {
		return 0, usage{}, err
	}
	took = time.Since(began)
	after, err := usageOf(s.child.pid())
	return took, after.minus(before), err
}

// result is the sum of all rounds.
type result struct {
	name         string
	rounds       int
	windows      int           // of a round
	seconds      float64       // of audio, of a round
	engine, mesh time.Duration // taken
	alone        time.Duration // processor time of the engine alone
	used         usage         // by the mesh
}

func (r result) rows() []Row {
	rate := func(took time.Duration) float64 { return float64(r.rounds) * r.seconds / took.Seconds() }
	all := max(r.used.total(), tick)
	share := func(part time.Duration) float64 { return 100 * float64(part) / float64(all) }
	window := r.alone.Seconds() / float64(r.rounds*r.windows)
	return []Row{
		value(r.name+": engine alone", r.rounds, rate(r.engine), "audio s/s", fmt.Sprintf("%d windows of %.2f s processor time", r.windows, window)),
		value(r.name+": whole mesh", r.rounds, rate(r.mesh), "audio s/s", "the same windows, from upload to end of job"),
		value("  mesh to engine", r.rounds, rate(r.mesh)/rate(r.engine), "ratio", "aim 0.95 or more"),
		value("  mesh to engine, by processor time", r.rounds, float64(r.alone)/float64(all), "ratio", "what full cores allow; hardly sees other load"),
		value("  share of the engine", r.rounds, share(r.used.engine), "%", "of the mesh's processor time"),
		value("  share of ffmpeg and ffprobe", r.rounds, share(r.used.ffmpeg), "%", ""),
		value("  share of the server", r.rounds, share(r.used.mesh), "%", ""),
	}
}
