package engineserver

import (
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper"
)

func infoMessage(i whisper.Info) *enginev1.GetInfoResponse {
	message := &enginev1.GetInfoResponse{
		Engine:       "whisper.cpp " + i.Version,
		ModelType:    i.ModelType,
		Multilingual: i.Multilingual,
		Languages:    i.Languages,
		LoadMs:       i.LoadTime.Milliseconds(),
		Slots:        uint32(i.Slots),
		Device:       i.Device,
		Gpu:          i.GPU,
	}
	for _, d := range i.Devices {
		message.Devices = append(message.Devices, &enginev1.Device{
			Name:        d.Name,
			Description: d.Description,
			Kind:        d.Kind,
			MemoryFree:  d.MemoryFree,
			MemoryTotal: d.MemoryTotal,
		})
	}
	return message
}

func languageMessages(list []whisper.LanguageProbability) []*enginev1.LanguageProbability {
	messages := make([]*enginev1.LanguageProbability, len(list))
	for i, l := range list {
		messages[i] = &enginev1.LanguageProbability{Language: l.Language, Probability: l.Probability}
	}
	return messages
}

func resultMessage(r whisper.Result) *enginev1.TranscribeResponse {
	message := &enginev1.TranscribeResponse{
		DecodeMs: r.Took.Milliseconds(), PromptTokens: uint32(r.PromptTokens), KeywordsUsed: uint32(r.KeywordsUsed),
	}
	for _, s := range r.Segments {
		message.Segments = append(message.Segments, &enginev1.Segment{
			StartMs:      s.Start.Milliseconds(),
			EndMs:        s.End.Milliseconds(),
			Text:         s.Text,
			Words:        wordMessages(s.Words),
			AvgLogprob:   s.AvgLogprob,
			NoSpeechProb: s.NoSpeechProb,
		})
	}
	return message
}

func wordMessages(words []whisper.Word) []*enginev1.Word {
	messages := make([]*enginev1.Word, len(words))
	for i, w := range words {
		messages[i] = &enginev1.Word{
			StartMs:     w.Start.Milliseconds(),
			EndMs:       w.End.Milliseconds(),
			Text:        w.Text,
			Probability: w.Probability,
		}
	}
	return messages
}
