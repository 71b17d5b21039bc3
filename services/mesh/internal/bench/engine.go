package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber"
)

// engineName is what the kernel calls an engine process.
const engineName = "whisper-engine"

// engine is one engine process without a mesh around it, set up as a transcriber
// sets it up by default.
type engine struct {
	enginev1.EngineServiceClient
	slots  int
	child  *child
	conn   *grpc.ClientConn
	parent io.Closer // the engine ends when this is closed
	folder string
}

// startEngine returns when the model is loaded. Whoever calls it calls stop.
func (b *bench) startEngine(ctx context.Context) (*engine, error) {
	// Not below b.folder: the path of a socket must be short.
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	e := &engine{folder: folder}
	if err := e.start(ctx, b.cfg); err != nil {
		return nil, errors.Join(fmt.Errorf("start the engine: %w", err), e.stop())
	}
	return e, nil
}

func (e *engine) start(ctx context.Context, cfg Config) (err error) {
	usual := transcriber.DefaultConfig()
	e.slots = usual.Slots
	if e.slots == 0 {
		e.slots = usual.Cores
	}
	socket := filepath.Join(e.folder, "s")
	cmd := exec.CommandContext(context.WithoutCancel(ctx), cfg.Engine, "-model", cfg.Model, "-socket", socket,
		"-slots", strconv.Itoa(e.slots), "-threads", strconv.Itoa(max(1, usual.Cores/e.slots)), "-gpu="+strconv.FormatBool(usual.GPU))
	if e.parent, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if e.child, err = spawn(cmd); err != nil {
		return err
	}
	if e.conn, err = grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		return err
	}
	e.EngineServiceClient = enginev1.NewEngineServiceClient(e.conn)
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	_, err = e.GetInfo(ctx, &enginev1.GetInfoRequest{}, grpc.WaitForReady(true))
	return err
}

// timed decodes windows as the transcriber asks for it, one in each slot, and
// returns the time and the processor time that took.
func (e *engine) timed(ctx context.Context, windows [][]byte) (took, used time.Duration, err error) {
	before, err := readProcess(e.child.pid())
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	err = each(ctx, e.slots, windows, func(ctx context.Context, pcm []byte) error {
		_, err := e.Transcribe(ctx, &enginev1.TranscribeRequest{Pcm: pcm, Language: "en"})
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("send windows to the engine: %w", err)
	}
	took = time.Since(began)
	after, err := readProcess(e.child.pid())
	return took, after.own - before.own, err
}

// stop also takes a half started engine.
func (e *engine) stop() error {
	var problems []error
	if e.conn != nil {
		problems = append(problems, e.conn.Close())
	}
	if e.child != nil {
		problems = append(problems, e.child.stop(e.parent.Close))
	}
	return errors.Join(append(problems, os.RemoveAll(e.folder))...)
}
