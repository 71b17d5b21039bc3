// Package engineserver speaks engine/v1 for one model: it is what
// cmd/whisper-engine serves on its socket. Package whisper does the decoding;
// the transcriber is the only client.
package engineserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"google.golang.org/grpc"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper"
)

// Model is what the server needs of a whisper.Model.
type Model interface {
	Info() whisper.Info
	Busy() int
	Detect(ctx context.Context, samples []float32, candidates []string) ([]whisper.LanguageProbability, error)
	Transcribe(ctx context.Context, samples []float32, options whisper.Options) (whisper.Result, error)
}

// Server answers calls as soon as its model is there; until then they wait.
type Server struct {
	enginev1.UnimplementedEngineServiceServer
	logger *slog.Logger
	ready  chan struct{}
	model  Model // set before ready is closed
}

// New returns a server that waits for its model.
func New(logger *slog.Logger) *Server {
	return &Server{logger: logger, ready: make(chan struct{})}
}

// Use gives the server its model; once.
func (s *Server) Use(m Model) {
	s.model = m
	close(s.ready)
}

// GRPC returns a gRPC server with the limits of the contract that serves s.
func (s *Server) GRPC() *grpc.Server {
	g := grpc.NewServer(grpc.MaxRecvMsgSize(engineproc.MaxMessage))
	enginev1.RegisterEngineServiceServer(g, s)
	return g
}

// loaded waits for the model.
func (s *Server) loaded(ctx context.Context) (Model, error) {
	select {
	case <-s.ready:
		return s.model, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// GetInfo tells what was loaded.
func (s *Server) GetInfo(ctx context.Context, _ *enginev1.GetInfoRequest) (*enginev1.GetInfoResponse, error) {
	m, err := s.loaded(ctx)
	if err != nil {
		return nil, statusOf(err)
	}
	return infoMessage(m.Info()), nil
}

// DetectLanguage tells which candidate a window is most likely spoken in.
func (s *Server) DetectLanguage(ctx context.Context, r *enginev1.DetectLanguageRequest) (*enginev1.DetectLanguageResponse, error) {
	list, err := s.detect(ctx, r)
	if err != nil {
		s.logFailure(err, "detect language", "")
		return nil, statusOf(err)
	}
	return &enginev1.DetectLanguageResponse{Languages: languageMessages(list)}, nil
}

func (s *Server) detect(ctx context.Context, r *enginev1.DetectLanguageRequest) ([]whisper.LanguageProbability, error) {
	m, err := s.loaded(ctx)
	if err != nil {
		return nil, err
	}
	samples, err := whisper.DecodePCM(r.GetPcm())
	if err != nil {
		return nil, err
	}
	return m.Detect(ctx, samples, r.GetCandidates())
}

// Transcribe decodes one window.
func (s *Server) Transcribe(ctx context.Context, r *enginev1.TranscribeRequest) (*enginev1.TranscribeResponse, error) {
	result, err := s.transcribe(ctx, r)
	if err != nil {
		s.logFailure(err, "transcribe", r.GetTraceId())
		return nil, statusOf(err)
	}
	s.logger.Debug("window decoded", "trace", r.GetTraceId(), "took", result.Took, "segments", len(result.Segments))
	return resultMessage(result), nil
}

func (s *Server) transcribe(ctx context.Context, r *enginev1.TranscribeRequest) (whisper.Result, error) {
	m, err := s.loaded(ctx)
	if err != nil {
		return whisper.Result{}, err
	}
	samples, err := whisper.DecodePCM(r.GetPcm())
	if err != nil {
		return whisper.Result{}, err
	}
	options, err := requestOptions(r)
	if err != nil {
		return whisper.Result{}, err
	}
	return m.Transcribe(ctx, samples, options)
}

// GetMemory tells the resident memory of this process.
func (s *Server) GetMemory(context.Context, *enginev1.GetMemoryRequest) (*enginev1.GetMemoryResponse, error) {
	size, err := engineproc.ResidentBytes(os.Getpid())
	if err != nil {
		s.logFailure(err, "read memory", "")
		return nil, statusOf(err)
	}
	reply := &enginev1.GetMemoryResponse{ResidentBytes: uint64(size)}
	select {
	case <-s.ready:
		reply.BusySlots = uint32(s.model.Busy())
	default: // still loading
	}
	return reply, nil
}

// logFailure writes what went wrong here; a refused request or a cancelled call
// is the client's business and stays at Debug.
func (s *Server) logFailure(err error, doing, trace string) {
	level := slog.LevelWarn
	if errors.Is(err, whisper.ErrInvalid) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		level = slog.LevelDebug
	}
	s.logger.Log(context.Background(), level, "call failed", "doing", doing, "trace", trace, "err", err)
}

// requestOptions takes the decoding options from a request.
func requestOptions(r *enginev1.TranscribeRequest) (whisper.Options, error) {
	const more = 1 << 10 // any number that is out of range in every unit
	if r.GetBeamSize() > more {
		return whisper.Options{}, fmt.Errorf("%w: beam size %d", whisper.ErrInvalid, r.GetBeamSize())
	}
	return whisper.Options{
		Language:    r.GetLanguage(),
		Translate:   r.GetTranslate(),
		Prompt:      r.GetPrompt(),
		Keywords:    r.GetKeywords(),
		Temperature: r.GetTemperature(),
		BeamSize:    int(r.GetBeamSize()),
		FreshState:  r.GetFreshState(),
	}, nil
}
