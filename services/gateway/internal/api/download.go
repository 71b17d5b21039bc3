package api

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
)

// download answers with the transcript in ?format= (text without it). Options for
// subtitles are checked whatever the format.
func (a *API) download(w http.ResponseWriter, r *http.Request) error {
	name := r.URL.Query().Get("format")
	if name == "" {
		name = "text"
	}
	format, known := render.Lookup(name)
	if !known {
		return problem.With(fault.New(fault.Invalid, "unknown_format",
			"The format is one of "+render.Names()+"."), "field", "format")
	}
	subtitles, err := request.Subtitles(r.URL.Query())
	if err != nil {
		return err
	}
	e, err := a.Jobs.Find(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("task_id"))
	if err != nil {
		return err
	}
	if err := noResult(e.Job); err != nil {
		return err
	}
	transcript, err := a.Transcripts.Read(r.Context(), e.Job)
	if err != nil {
		return err
	}
	doc := documentOf(e.Job, transcript)
	doc.Subtitles = subtitles
	return writeDocument(w, format, doc)
}

// noResult tells why there is nothing to download; nil for a completed job.
func noResult(record *jobv1.Job) error {
	var err error
	switch record.GetState() {
	case jobv1.State_STATE_COMPLETED:
		return nil
	case jobv1.State_STATE_FAILED:
		err = problem.With(fault.New(fault.NotFound, "job_failed", "The task has failed; it has no transcript."),
			"error", errorOf(record.GetError()))
	case jobv1.State_STATE_CANCELLED:
		err = fault.New(fault.NotFound, "job_cancelled", "The task was cancelled; it has no transcript.")
	default:
		err = fault.New(fault.NotFound, "result_not_ready", "The transcript is not ready yet.")
	}
	return problem.With(err, "task_status", statusName(record.GetState()))
}

func documentOf(record *jobv1.Job, transcript *jobv1.Transcript) render.Document {
	return render.Document{
		Transcript: transcript,
		TaskID:     record.GetId(),
		FileName:   record.GetInput().GetName(),
		Translated: record.GetOptions().GetTranslate(),
		WordTimes:  record.GetOptions().GetWordTimestamps(),
		Warnings:   record.GetWarnings(),
	}
}

// writeDocument renders in memory first: an error then still has a status.
func writeDocument(w http.ResponseWriter, format render.Format, doc render.Document) error {
	var body bytes.Buffer
	if err := format.Write(&body, doc); err != nil {
		return err
	}
	stem := strings.TrimSuffix(doc.FileName, path.Ext(doc.FileName))
	w.Header().Set("Content-Type", format.ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.Header().Set("Content-Disposition", attachment(stem+"."+format.Extension))
	w.Header().Set("Cache-Control", "private, no-cache")
	w.WriteHeader(http.StatusOK)
	_, _ = body.WriteTo(w) // the client is gone: nobody to tell
	return nil
}

// attachment names a download. A name that is not ASCII travels as RFC 8187
// (filename*), which FormatMediaType writes by itself.
func attachment(name string) string {
	if value := mime.FormatMediaType("attachment", map[string]string{"filename": name}); value != "" {
		return value
	}
	return "attachment"
}
