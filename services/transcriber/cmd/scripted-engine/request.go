package main

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

const (
	sampleRate = 16000
	minSamples = sampleRate / 10
	maxSamples = sampleRate * 30
	maxBeam    = 8
)

// languages are those this engine accepts; ru writes Cyrillic, all others Latin.
var languages = []string{"en", "ru", "de", "fr", "es"}

func checkTranscribe(req *enginev1.TranscribeRequest) error {
	if err := checkPCM(req.GetPcm()); err != nil {
		return err
	}
	if !slices.Contains(languages, req.GetLanguage()) {
		return refuse("unknown language %q", req.GetLanguage())
	}
	if t := float64(req.GetTemperature()); math.IsNaN(t) || t < 0 || t > 1 {
		return refuse("temperature %v is not in [0,1]", t)
	}
	if req.GetBeamSize() > maxBeam {
		return refuse("beam size %d is over %d", req.GetBeamSize(), maxBeam)
	}
	for _, text := range append([]string{req.GetPrompt()}, req.GetKeywords()...) {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return refuse("prompt or keyword %q is not text", text)
		}
	}
	return nil
}

func checkDetect(req *enginev1.DetectLanguageRequest) error {
	if err := checkPCM(req.GetPcm()); err != nil {
		return err
	}
	if len(req.GetCandidates()) == 0 {
		return refuse("no candidates")
	}
	for _, code := range req.GetCandidates() {
		if !slices.Contains(languages, code) {
			return refuse("unknown language %q", code)
		}
	}
	return nil
}

func checkPCM(pcm []byte) error {
	if len(pcm)%2 != 0 {
		return refuse("half a sample at the end of %d bytes", len(pcm))
	}
	if n := len(pcm) / 2; n < minSamples || n > maxSamples {
		return refuse("%d samples are not between %d and %d", n, minSamples, maxSamples)
	}
	return nil
}

func refuse(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}
