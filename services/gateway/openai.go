package gateway

import (
	"github.com/stenomesh/stenomesh/services/gateway/internal/api"
	"github.com/stenomesh/stenomesh/services/gateway/internal/openai"
)

// openAI is the OpenAI-compatible API over the parts of the native one.
func (s *Service) openAI(native *api.API) *openai.API {
	return &openai.API{
		Log: native.Log, Gate: native.Gate, Jobs: native.Jobs, Files: native.Files, Uploads: native.Uploads,
		Transcripts: native.Transcripts, Models: native.Models,
		KeepFiles: s.cfg.OpenAIKeepFiles, Longest: s.cfg.OpenAIWait,
	}
}
