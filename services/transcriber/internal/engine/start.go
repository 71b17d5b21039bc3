package engine

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// Start runs the program and returns when the model is loaded. ctx bounds the
// loading only. The error is a *StartError or ctx.Err(); the process is gone then.
// Whoever calls Start calls Close.
func Start(ctx context.Context, cfg Config) (*Process, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	sock, err := newSocket(cfg.RunDir)
	if err != nil { // no room on the disk, most likely
		return nil, &StartError{ExitCode: -1, Cause: err}
	}
	// Both ends are open once the model is loaded; without the file nobody else
	// can connect, and nothing is left behind if we are killed. For a death while
	// it loads there is PrepareRunDir.
	defer sock.remove()
	p, err := spawn(cfg, sock.path)
	if err != nil {
		return nil, &StartError{ExitCode: -1, Cause: err}
	}
	if err := p.awaitReady(ctx); err != nil {
		return nil, err
	}
	p.log.Info("engine is ready", "engine", p.info.GetEngine(), "device", p.info.GetDevice(),
		"gpu", p.info.GetGpu(), "slots", p.info.GetSlots(), "load_ms", p.info.GetLoadMs())
	cfg.Ready(p.info)
	return p, nil
}

// spawn starts the program and the goroutines that watch it.
func spawn(cfg Config, socketPath string) (*Process, error) {
	conn, err := dial(socketPath)
	if err != nil {
		return nil, err
	}
	log := cfg.Log.With("component", "engine", "model", cfg.Model)
	c, err := startChild(cfg.Binary, arguments(cfg, socketPath), childEnv(os.Environ()), log)
	if err != nil {
		_ = conn.Close() // never used
		return nil, err
	}
	p := &Process{
		cfg: cfg, log: log.With("pid", c.pid()), child: c,
		conn: conn, client: enginev1.NewEngineServiceClient(conn), done: make(chan struct{}),
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		p.watchMemory()
	}()
	go p.bury(watched)
	return p, nil
}

func arguments(cfg Config, socketPath string) []string {
	return []string{
		"-model", cfg.Model, "-socket", socketPath,
		"-slots", strconv.Itoa(cfg.Slots), "-threads", strconv.Itoa(cfg.Threads),
		"-gpu=" + strconv.FormatBool(cfg.GPU),
	}
}

// awaitReady asks for the load report; on an error it ends the process.
func (p *Process) awaitReady(ctx context.Context) error {
	loading, cancel := context.WithTimeout(ctx, p.cfg.LoadTimeout)
	defer cancel()
	go func() { // a process that died cannot answer
		select {
		case <-p.child.done:
			cancel()
		case <-loading.Done():
		}
	}()
	info, err := p.client.GetInfo(loading, &enginev1.GetInfoRequest{}, grpc.WaitForReady(true))
	if err == nil {
		p.info = info
		return nil
	}
	if loading.Err() == nil { // it hung up, so it is probably ending
		select {
		case <-p.child.done:
		case <-time.After(hangUpGrace):
		}
	}
	code := p.child.exitCode() // before we kill it ourselves
	p.condemn(fmt.Errorf("load: %w", err))
	p.child.kill()
	<-p.done
	if ctx.Err() != nil {
		return fmt.Errorf("start engine: %w", ctx.Err())
	}
	return &StartError{ExitCode: code, LastLine: p.child.output.lastLine(), Cause: err}
}
