package api

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
	"github.com/stenomesh/stenomesh/services/gateway/internal/transcripts"
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
	record, version, err := a.findVersion(r)
	if err != nil {
		return err
	}
	transcript, err := a.Transcripts.Version(r.Context(), record, version)
	if err != nil {
		return err
	}
	w.Header().Set("Etag", transcripts.Tag(record, version))
	doc := documentOf(record, transcript, version)
	doc.Subtitles = subtitles
	return writeDocument(w, format, doc)
}

// findVersion returns the job of a request for a transcript, and which version of it is
// asked for: ?version=, the newest without it. NotFound: see noResult; code
// "version_not_found": the transcript has no such version.
func (a *API) findVersion(r *http.Request) (*jobv1.Job, uint32, error) {
	asked, err := positive(r, "version", 0)
	if err != nil {
		return nil, 0, err
	}
	user, id := auth.User(r.Context()).GetId(), r.PathValue("task_id")
	e, err := a.Jobs.Find(r.Context(), user, id)
	if err == nil && asked > job.TranscriptVersion(e.Job) { // before a 404 the record itself is asked
		e, err = a.Jobs.Current(r.Context(), user, id)
	}
	if err == nil {
		err = noResult(e.Job)
	}
	newest := job.TranscriptVersion(e.Job)
	switch {
	case err != nil:
		return nil, 0, err
	case asked > newest:
		return nil, 0, fault.New(fault.NotFound, "version_not_found", "The transcript has no such version.")
	case asked == 0:
		asked = newest
	}
	return e.Job, asked, nil
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

func documentOf(record *jobv1.Job, transcript *jobv1.Transcript, version uint32) render.Document {
	return render.Document{
		Transcript: transcript,
		TaskID:     record.GetId(),
		FileName:   record.GetInput().GetName(),
		Version:    version,
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
