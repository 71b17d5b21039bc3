package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// script says how the engine behaves. It is read from the file MODEL.script at
// the start and again before every call, so a test can change it while the engine
// runs; a missing file is an empty script. The file is JSON:
//
//	{
//	  "load":  "fail",          at start: "fail", "memory" (exit 3 and 4), "crash" or "hang"
//	  "gpu":   true,            there is a GPU, which is used when asked for
//	  "speed": 50,              audio seconds per second; 0 or nothing: at once
//	  "detect": {"ru": 0.9, "en": 0.1},   answer of DetectLanguage
//	  "rules": [
//	    {"do": "crash", "call": 3},
//	    {"do": "hang",  "trace": "/7", "times": 1},
//	    {"do": "slow",  "every": 2, "ms": 200},
//	    {"do": "say",   "longer": 9000, "text": "Five five five", "logprob": -1.5, "no_speech": 0.9}
//	  ]
//	}
//
// The first rule that fits a Transcribe call is carried out. A rule fits when all
// it names fits: "call" (the n-th call of this process, from 1), "every" (each
// n-th), "trace" (part of the request's trace_id), "longer" (milliseconds that the
// window is longer than). "times" limits how often a rule
// fires over all processes with this model; each firing leaves an empty file
// MODEL.script.RULE.N (both from 0). What a rule can do:
//
//	crash   end at once, with the exit status of a segmentation fault
//	error   return INTERNAL
//	memory  return RESOURCE_EXHAUSTED
//	bloat   take "mb" MiB of memory and then hang
//	hang    hold the slot until the call is cancelled
//	deaf    hold the slot for ever, cancelled or not
//	slow    take "ms" longer
//	say     answer with one sentence of "text" over all sound of the window, and
//	        these probabilities
type script struct {
	Load   string             `json:"load"`
	GPU    bool               `json:"gpu"`
	Speed  float64            `json:"speed"`
	Detect map[string]float32 `json:"detect"`
	Rules  []rule             `json:"rules"`
}

type rule struct {
	Do    string `json:"do"`
	Call  int    `json:"call"`
	Every int    `json:"every"`
	Trace string `json:"trace"`
	Times int    `json:"times"`
	MS    int    `json:"ms"`
	MB    int    `json:"mb"`

	Longer   int64   `json:"longer"`
	Text     string  `json:"text"`
	Logprob  float32 `json:"logprob"`
	NoSpeech float32 `json:"no_speech"`
}

var (
	loadActions = []string{"", "fail", "memory", "crash", "hang"}
	actions     = []string{"crash", "error", "memory", "bloat", "hang", "deaf", "slow", "say"}
)

func readScript(model string) (script, error) {
	var s script
	data, err := os.ReadFile(model + ".script")
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("read %s.script: %w", model, err)
	}
	if !slices.Contains(loadActions, s.Load) {
		return s, fmt.Errorf("read %s.script: load %q is not one of %v", model, s.Load, loadActions)
	}
	for _, r := range s.Rules {
		if !slices.Contains(actions, r.Do) {
			return s, fmt.Errorf("read %s.script: do %q is not one of %v", model, r.Do, actions)
		}
	}
	return s, nil
}

// ruleFor returns the first rule that fits and may still fire; call counts from 1,
// and ms is the length of the window.
func (s script) ruleFor(model string, call int, trace string, ms int64) (rule, bool) {
	for i, r := range s.Rules {
		if r.fits(call, trace) && ms > r.Longer && r.claim(fmt.Sprintf("%s.script.%d", model, i)) {
			return r, true
		}
	}
	return rule{}, false
}

func (r rule) fits(call int, trace string) bool {
	return (r.Call == 0 || r.Call == call) &&
		(r.Every == 0 || call%r.Every == 0) &&
		strings.Contains(trace, r.Trace)
}

// claim takes one of the rule's firings. Creating a file decides between
// processes.
func (r rule) claim(prefix string) bool {
	if r.Times == 0 {
		return true
	}
	for n := range r.Times {
		f, err := os.OpenFile(fmt.Sprintf("%s.%d", prefix, n), os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return f.Close() == nil
		}
	}
	return false
}
