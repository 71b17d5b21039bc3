package openai

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// write answers with a transcript in the format asked for.
func write(w http.ResponseWriter, o order, record *jobv1.Job, t *jobv1.Transcript) error {
	switch o.format {
	case formatJSON:
		return web.WriteJSON(w, http.StatusOK, plainOf(o, record, t))
	case formatVerbose:
		return web.WriteJSON(w, http.StatusOK, verboseOf(o, record, t))
	case formatDiarized:
		return web.WriteJSON(w, http.StatusOK, diarizedOf(o, t))
	case formatText:
		return writeBody(w, "text/plain; charset=utf-8", []byte(render.Text(t.GetSegments())+"\n"))
	default:
		return writeSubtitles(w, o.format, record, t)
	}
}

func writeSubtitles(w http.ResponseWriter, name string, record *jobv1.Job, t *jobv1.Transcript) error {
	format, known := render.Lookup(name)
	if !known {
		return fault.New(fault.Internal, "internal", "Something went wrong on our side.")
	}
	var body bytes.Buffer
	if err := format.Write(&body, render.Document{Transcript: t, TaskID: record.GetId()}); err != nil {
		return err
	}
	return writeBody(w, format.ContentType, body.Bytes())
}

func writeBody(w http.ResponseWriter, contentType string, body []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // the client is gone: nobody to tell
	return nil
}

// usage is what OpenAI would count: here the length of the recording.
type usage struct {
	Type    string         `json:"type"`
	Seconds render.Seconds `json:"seconds"`
}

func usageOf(t *jobv1.Transcript) usage {
	return usage{Type: "duration", Seconds: render.Seconds(t.GetDurationMs())}
}

// plain is the format json. A translation has no languages.
type plain struct {
	Text      string     `json:"text"`
	Languages []language `json:"languages,omitempty"`
	Logprobs  []logprob  `json:"logprobs,omitempty"`
	Usage     usage      `json:"usage"`
}

type language struct {
	Code string `json:"code"`
}

func plainOf(o order, record *jobv1.Job, t *jobv1.Transcript) plain {
	p := plain{Text: render.Text(t.GetSegments()), Usage: usageOf(t)}
	if !record.GetOptions().GetTranslate() {
		p.Languages = languagesOf(t)
	}
	if o.logprobs {
		p.Logprobs = logprobsOf(t.GetSegments(), true)
	}
	return p
}

// languagesOf lists the languages of the segments, the transcript's own first.
func languagesOf(t *jobv1.Transcript) []language {
	var found []language
	add := func(code string) {
		if code != "" && !slices.Contains(found, language{code}) {
			found = append(found, language{code})
		}
	}
	add(t.GetLanguage())
	for _, s := range t.GetSegments() {
		add(cmp.Or(s.GetLanguage(), t.GetLanguage()))
	}
	return found
}
