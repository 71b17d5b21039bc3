package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"
)

// openers is how many connections are made at once.
const openers = 64

// events opens many streams of events of jobs that wait, and ends the jobs: what the
// streams cost the server in memory, and how long it takes until all have heard. The
// engine is halted meanwhile, so that nothing else goes on.
func (b *bench) events(ctx context.Context) (rows []Row, err error) {
	if err := enoughFiles(b.cfg.Sizes.Streams); err != nil {
		return nil, err
	}
	s, err := b.startServer(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	spoken, err := b.record(ctx, 5, 0)
	if err != nil {
		return nil, err
	}
	if _, err := s.transcribe(ctx, spoken); err != nil { // the engine is there afterwards
		return nil, err
	}
	for _, engine := range descendants(s.child.pid(), engineName) {
		if err := syscall.Kill(engine.pid, syscall.SIGSTOP); err != nil {
			return nil, fmt.Errorf("halt the engine: %w", err)
		}
		defer func() { _ = syscall.Kill(engine.pid, syscall.SIGCONT) }() // it may have ended
	}
	return b.streams(ctx, s, spoken)
}

// enoughFiles makes sure that this process, and with it the server, may have so many
// connections. The limit is as high as it may be already.
func enoughFiles(streams int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if wanted := uint64(streams) + 1000; limit.Cur < wanted {
		return fmt.Errorf("%d files may be open, and %d streams need %d: ulimit -Hn", limit.Cur, streams, wanted)
	}
	return nil
}

func (b *bench) streams(ctx context.Context, s *server, spoken recording) (rows []Row, err error) {
	ids, err := b.waitingJobs(ctx, s, spoken)
	if err != nil {
		return nil, err
	}
	before, err := readMemory(s.child.pid())
	if err != nil {
		return nil, err
	}
	began := time.Now()
	streams, err := b.openStreams(ctx, s, ids)
	defer func() {
		for _, one := range streams {
			one.close()
		}
	}()
	if err != nil {
		return nil, err
	}
	opened := time.Since(began)
	open, err := readMemory(s.child.pid())
	if err != nil {
		return nil, err
	}
	heard, err := b.endAll(ctx, s, ids, streams)
	if err != nil {
		return nil, err
	}
	after, err := readMemory(s.child.pid())
	if err != nil {
		return nil, err
	}
	n := len(streams)
	return []Row{
		value("memory of the server before", 1, before.now, "MiB", fmt.Sprintf("%d jobs that wait", len(ids))),
		value("memory with all streams open", n, open.now, "MiB", "aim 400 at 10 000 streams"),
		value("a stream takes", n, (open.now-before.now)*1024/float64(n), "KiB", ""),
		value("memory when all have heard the end", n, after.now, "MiB", fmt.Sprintf("most it ever had: %.0f MiB", after.most)),
		value("streams opened", n, float64(n)/opened.Seconds(), "1/s", "until the first event of each"),
		latency("an event until a client has it", heard, "all jobs are cancelled, one after the other"),
	}, nil
}

// waitingJobs makes the jobs that the streams are spread over.
func (b *bench) waitingJobs(ctx context.Context, s *server, spoken recording) (ids []string, err error) {
	file, err := s.upload(ctx, spoken)
	if err != nil {
		return nil, err
	}
	for range max(1, b.cfg.Sizes.Streams/100) {
		id, err := s.create(ctx, file)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// openStreams opens the streams and waits until each has told how its job stands.
func (b *bench) openStreams(ctx context.Context, s *server, ids []string) (streams []*stream, err error) {
	var mu sync.Mutex
	numbers := make([]int, b.cfg.Sizes.Streams)
	for n := range numbers {
		numbers[n] = n
	}
	err = each(ctx, openers, numbers, func(ctx context.Context, n int) error {
		one, err := openStream(ctx, s, ids[n%len(ids)])
		if err != nil {
			return fmt.Errorf("open stream %d: %w", n, err)
		}
		mu.Lock()
		defer mu.Unlock()
		streams = append(streams, one)
		return nil
	})
	return streams, err
}

// endAll cancels the jobs and returns how long each stream took to tell.
func (b *bench) endAll(ctx context.Context, s *server, ids []string, streams []*stream) (durations, error) {
	ends := make(map[string]time.Time, len(ids)) // when each job was cancelled
	var mu sync.Mutex
	endOf := func(id string) time.Time {
		mu.Lock()
		defer mu.Unlock()
		return ends[id]
	}
	took := make(durations, len(streams))
	problems := make([]error, len(streams))
	var all sync.WaitGroup
	for n, one := range streams {
		all.Go(func() {
			problems[n] = one.await("error")
			took[n] = time.Since(endOf(one.job))
		})
	}
	for _, id := range ids {
		mu.Lock()
		ends[id] = time.Now()
		mu.Unlock()
		if err := s.Cancel(ctx, id); err != nil {
			return nil, err
		}
	}
	all.Wait()
	return took, errors.Join(problems...)
}

// stream is a client of events that costs little itself: a connection and a small
// buffer.
type stream struct {
	job  string
	conn net.Conn
	from *bufio.Reader
}

// heardLimit is how long an event may take.
const heardLimit = 2 * time.Minute

func openStream(ctx context.Context, s *server, id string) (*stream, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		return nil, err
	}
	one := &stream{job: id, conn: conn, from: bufio.NewReaderSize(conn, 512)}
	_, err = io.WriteString(conn, "GET /api/v1/transcription/"+id+"/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "+s.token+"\r\n\r\n")
	if err == nil {
		err = one.await("status")
	}
	if err != nil {
		one.close()
		return nil, err
	}
	return one, nil
}

// await reads until an event of this name.
func (s *stream) await(name string) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(heardLimit)); err != nil {
		return err
	}
	for {
		line, err := s.from.ReadString('\n')
		if err != nil {
			return fmt.Errorf("wait for %s: %w", name, err)
		}
		if strings.TrimSpace(line) == "event: "+name {
			return nil
		}
	}
}

func (s *stream) close() { _ = s.conn.Close() } // it was only read
