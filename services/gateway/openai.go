package gateway

import (
	"context"
	"iter"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/api"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/openai"
	"github.com/stenomesh/stenomesh/services/gateway/internal/segments"
)

// openAI is the OpenAI-compatible API over the parts of the native one.
func (s *Service) openAI(native *api.API) *openai.API {
	return &openai.API{
		Log: native.Log, Gate: native.Gate, Jobs: native.Jobs, Files: native.Files, Uploads: native.Uploads,
		Transcripts: native.Transcripts, Models: native.Models, Segments: live(native.Segments),
		KeepFiles: s.cfg.OpenAIKeepFiles, Longest: s.cfg.OpenAIWait,
	}
}

// live tells segments while the rest of a recording is being transcribed. What became
// of the job is asked for by whoever listens.
func live(source *segments.Source) openai.Segments {
	return func(ctx context.Context, e index.Entry) iter.Seq2[*jobv1.Segment, error] {
		from := segments.Mark{Attempt: e.Job.GetAttempt()}
		return func(yield func(*jobv1.Segment, error) bool) {
			for news := range source.Follow(ctx, e, from) {
				if news.Mark.Attempt != from.Attempt { // it failed, and begins again for somebody else
					return
				}
				for _, segment := range news.Segments {
					if !yield(segment, nil) {
						return
					}
				}
			}
		}
	}
}
