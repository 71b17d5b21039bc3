package engineserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper"
)

// echo is a model that says how long a window is, or fails.
type echo struct{ failure error }

func (e echo) Info() whisper.Info {
	return whisper.Info{Version: "0", Slots: 3, LoadTime: 1500 * time.Millisecond}
}

func (e echo) Busy() int { return 2 }

func (e echo) Detect(_ context.Context, _ []float32, candidates []string) ([]whisper.LanguageProbability, error) {
	return []whisper.LanguageProbability{{Language: candidates[0], Probability: 1}}, e.failure
}

func (e echo) Transcribe(_ context.Context, samples []float32, options whisper.Options) (whisper.Result, error) {
	word := whisper.Word{Start: 20 * time.Millisecond, End: time.Second, Text: fmt.Sprint(len(samples)), Probability: 0.5}
	segment := whisper.Segment{
		Start: word.Start, End: word.End, Text: word.Text + " " + options.Language, Words: []whisper.Word{word},
		AvgLogprob: -0.25, NoSpeechProb: 0.125,
	}
	return whisper.Result{Segments: []whisper.Segment{segment}, Took: 2 * time.Second}, e.failure
}

func newServer() *Server {
	return New(slog.New(slog.DiscardHandler))
}

func TestServer_waitsForItsModel(t *testing.T) {
	t.Parallel()
	s := newServer()
	gone, leave := context.WithCancel(t.Context())
	leave()

	_, err := s.GetInfo(gone, &enginev1.GetInfoRequest{})
	if status.Code(err) != codes.Canceled {
		t.Errorf("error is %v before there is a model, want that the caller has left", err)
	}
	go s.Use(echo{})
	info, err := s.GetInfo(t.Context(), &enginev1.GetInfoRequest{})

	if err != nil || info.GetSlots() != 3 || info.GetLoadMs() != 1500 || info.GetEngine() != "whisper.cpp 0" {
		t.Errorf("info is %v, %v", info, err)
	}
}

func TestServer_passesResultsOn(t *testing.T) {
	t.Parallel()
	s := newServer()
	s.Use(echo{})

	r, err := s.Transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: make([]byte, 4000), Language: "ru"})
	if err != nil {
		t.Fatal(err)
	}

	segment := r.GetSegments()[0]
	word := segment.GetWords()[0]
	if segment.GetText() != "2000 ru" || segment.GetStartMs() != 20 || segment.GetEndMs() != 1000 ||
		segment.GetAvgLogprob() != -0.25 || segment.GetNoSpeechProb() != 0.125 || r.GetDecodeMs() != 2000 {
		t.Errorf("result is %v", r)
	}
	if word.GetText() != "2000" || word.GetStartMs() != 20 || word.GetEndMs() != 1000 || word.GetProbability() != 0.5 {
		t.Errorf("word is %v", word)
	}
}

func TestServer_givesEachFailureItsStatus(t *testing.T) {
	t.Parallel()
	cases := []struct {
		failure error
		want    codes.Code
	}{
		{fmt.Errorf("%w: unknown language", whisper.ErrInvalid), codes.InvalidArgument},
		{context.Canceled, codes.Canceled},
		{context.DeadlineExceeded, codes.DeadlineExceeded},
		{whisper.ErrOutOfMemory, codes.ResourceExhausted},
		{fmt.Errorf("%w: decoder returned -6", whisper.ErrEngine), codes.Internal},
		{errors.New("surprise"), codes.Internal},
	}
	for _, c := range cases {
		s := newServer()
		s.Use(echo{failure: c.failure})

		_, transcribing := s.Transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: make([]byte, 4000)})
		_, detecting := s.DetectLanguage(t.Context(), &enginev1.DetectLanguageRequest{Pcm: make([]byte, 4000), Candidates: []string{"en"}})

		if status.Code(transcribing) != c.want || status.Code(detecting) != c.want {
			t.Errorf("%v: %v and %v, want %v", c.failure, transcribing, detecting, c.want)
		}
		if c.want == codes.Internal && strings.Contains(transcribing.Error(), "decoder returned") {
			t.Errorf("internal text reaches the client: %v", transcribing)
		}
	}
}

func TestServer_tellsItsMemory(t *testing.T) {
	t.Parallel()

	m, err := newServer().GetMemory(t.Context(), &enginev1.GetMemoryRequest{})

	if err != nil || m.GetResidentBytes() < 1<<20 {
		t.Errorf("memory is %v, %v", m, err)
	}
}
