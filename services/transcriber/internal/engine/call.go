package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

// Transcribe decodes one window.
//
// When ctx ends it returns ctx.Err() (with ErrTimeout for a deadline) once the
// engine has stopped the call, or once the process was killed because it did not
// within CancelGrace, or SharedGrace while others use it. A deadline is how a stuck engine is found: ctx should have
// one. Other errors are ErrRefused, ErrFailed, ErrOutOfMemory,
// *DiedError and ErrClosed.
func (p *Process) Transcribe(ctx context.Context, req *enginev1.TranscribeRequest) (*enginev1.TranscribeResponse, error) {
	if !isUTF8(req.GetPrompt(), req.GetLanguage(), req.GetTraceId()) {
		return nil, refused("a text is not UTF-8")
	}
	return call(ctx, p, req, func() (*enginev1.TranscribeResponse, error) {
		return p.client.Transcribe(ctx, req)
	})
}

// DetectLanguage gives the probability of each candidate language. Errors are
// those of Transcribe.
func (p *Process) DetectLanguage(ctx context.Context, req *enginev1.DetectLanguageRequest) (*enginev1.DetectLanguageResponse, error) {
	if !isUTF8(req.GetCandidates()...) {
		return nil, refused("a candidate is not UTF-8")
	}
	return call(ctx, p, req, func() (*enginev1.DetectLanguageResponse, error) {
		return p.client.DetectLanguage(ctx, req)
	})
}

// isUTF8 checks texts before they go into a message: protobuf would fail on them
// with an error that looks like the engine's.
func isUTF8(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) })
}

// Memory is what a process uses.
type Memory struct {
	Resident int64 // bytes
	Busy     int   // windows being decoded
}

// Memory asks the engine what it uses.
func (p *Process) Memory(ctx context.Context) (Memory, error) {
	m, err := p.client.GetMemory(ctx, &enginev1.GetMemoryRequest{})
	if err != nil {
		return Memory{}, fmt.Errorf("ask engine for its memory: %w", err)
	}
	return Memory{Resident: int64(m.GetResidentBytes()), Busy: int(m.GetBusySlots())}, nil
}

// call makes one call and turns its error into one of this package's.
func call[R any](ctx context.Context, p *Process, req proto.Message, rpc func() (*R, error)) (*R, error) {
	if n := proto.Size(req); n > engineproc.MaxMessage {
		return nil, refused(fmt.Sprintf("a request of %d bytes is over %d", n, engineproc.MaxMessage))
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	resp, err := rpc()
	if err != nil {
		return nil, p.judge(ctx, err)
	}
	return resp, nil
}

func (p *Process) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.cause == nil:
		p.calls++
		return nil
	case errors.Is(p.cause, ErrClosed):
		return ErrClosed
	default:
		return &DiedError{Cause: fmt.Errorf("%w: %w", errGone, p.cause)}
	}
}

func (p *Process) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls--
}
