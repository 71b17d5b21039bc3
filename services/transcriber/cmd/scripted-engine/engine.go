package main

import (
	"cmp"
	"context"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

// engine serves engine/v1.
type engine struct {
	enginev1.UnimplementedEngineServiceServer

	model  string
	gpu    bool // asked for
	loaded time.Duration
	slots  chan struct{} // holds one item for each window being decoded
	calls  atomic.Int64  // Transcribe calls so far
}

func newEngine(o options, loaded time.Duration) *engine {
	return &engine{model: o.model, gpu: o.gpu, loaded: loaded, slots: make(chan struct{}, o.slots)}
}

// GetInfo is the load report.
func (e *engine) GetInfo(context.Context, *enginev1.GetInfoRequest) (*enginev1.GetInfoResponse, error) {
	s, err := readScript(e.model)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	devices := s.devices()
	used := devices[0]
	if e.gpu {
		used = devices[len(devices)-1]
	}
	return &enginev1.GetInfoResponse{
		Engine:       "scripted 1",
		ModelType:    "scripted",
		Multilingual: true,
		Languages:    languages,
		LoadMs:       e.loaded.Milliseconds(),
		Slots:        uint32(cap(e.slots)),
		Device:       used.GetName(),
		Gpu:          used.GetKind() == "gpu",
		Devices:      devices,
	}, nil
}

// devices are a processor, and a GPU where the script has one.
func (s script) devices() []*enginev1.Device {
	devices := []*enginev1.Device{{Name: "CPU", Description: "scripted", Kind: "cpu"}}
	if s.GPU {
		devices = append(devices, &enginev1.Device{Name: "Scripted0", Description: "scripted", Kind: "gpu"})
	}
	return devices
}

// GetMemory reads what the kernel knows about this process.
func (e *engine) GetMemory(context.Context, *enginev1.GetMemoryRequest) (*enginev1.GetMemoryResponse, error) {
	resident, err := engineproc.ResidentBytes(os.Getpid())
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &enginev1.GetMemoryResponse{
		ResidentBytes: uint64(resident),
		BusySlots:     uint32(len(e.slots)),
	}, nil
}

// Transcribe waits for a slot, does what the script has for this call, and then
// tells the words in the samples.
func (e *engine) Transcribe(ctx context.Context, req *enginev1.TranscribeRequest) (*enginev1.TranscribeResponse, error) {
	if err := checkTranscribe(req); err != nil {
		return nil, err
	}
	s, err := readScript(e.model)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	started := time.Now()
	if err := e.acquire(ctx); err != nil {
		return nil, err
	}
	defer e.release()
	pcm := samples(req.GetPcm())
	r, ruled := s.ruleFor(e.model, int(e.calls.Add(1)), req.GetTraceId(), milliseconds(len(pcm)))
	if ruled {
		if err := r.carryOut(ctx); err != nil {
			return nil, err
		}
	}
	if err := pause(ctx, s.duration(req.GetPcm())); err != nil {
		return nil, err
	}
	heeded := promptOf(req)
	answer := &enginev1.TranscribeResponse{
		Segments:     transcribe(pcm, languageOf(req), heeded.hash()),
		DecodeMs:     time.Since(started).Milliseconds(),
		PromptTokens: uint32(len(heeded.words)), KeywordsUsed: uint32(heeded.keywords),
	}
	if ruled && r.Do == "say" {
		answer.Segments = r.say(pcm)
	}
	return answer, nil
}

func languageOf(req *enginev1.TranscribeRequest) string {
	if req.GetTranslate() {
		return "en"
	}
	return req.GetLanguage()
}

// DetectLanguage answers from the script, or else by a hash of the samples.
func (e *engine) DetectLanguage(ctx context.Context, req *enginev1.DetectLanguageRequest) (*enginev1.DetectLanguageResponse, error) {
	if err := checkDetect(req); err != nil {
		return nil, err
	}
	s, err := readScript(e.model)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if err := e.acquire(ctx); err != nil {
		return nil, err
	}
	defer e.release()
	if err := pause(ctx, s.duration(req.GetPcm())); err != nil {
		return nil, err
	}
	found := make([]*enginev1.LanguageProbability, 0, len(req.GetCandidates()))
	var sum float32
	for _, code := range req.GetCandidates() {
		share, scripted := s.Detect[code]
		if !scripted {
			share = 0.01 + float32(hash([]byte(code), req.GetPcm())%1000)/1000
		}
		sum += share
		found = append(found, &enginev1.LanguageProbability{Language: code, Probability: share})
	}
	for _, l := range found {
		l.Probability /= sum
	}
	slices.SortStableFunc(found, func(a, b *enginev1.LanguageProbability) int {
		return cmp.Compare(b.GetProbability(), a.GetProbability())
	})
	return &enginev1.DetectLanguageResponse{Languages: found}, nil
}

func (e *engine) acquire(ctx context.Context) error {
	select {
	case e.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

func (e *engine) release() { <-e.slots }

// duration is how long the script lets this window take.
func (s script) duration(pcm []byte) time.Duration {
	if s.Speed <= 0 {
		return 0
	}
	audio := float64(len(pcm)/2) / sampleRate
	return time.Duration(audio / s.Speed * float64(time.Second))
}
