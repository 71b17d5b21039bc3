// Package openai is the OpenAI-compatible API: transcriptions, translations and
// models as OpenAI's clients ask for them, errors as those expect them. It is a thin
// layer: a recording is stored (package upload) and becomes an ordinary job (package
// jobs) that is in its user's history like any other; the request waits for it and
// answers with the transcript (answer.go) or with pieces of it as they come
// (stream.go). What becomes of the job when the client leaves is in visit.go.
package openai

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
	"github.com/stenomesh/stenomesh/services/gateway/internal/transcripts"
	"github.com/stenomesh/stenomesh/services/gateway/internal/upload"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// Prefix is what all paths of this API begin with.
const Prefix = "/v1/"

// Segments tells the segments of a job in order, each once, as soon as it will not
// change any more, and ends with the last. Its error is what became of the job
// instead, and comes last.
type Segments func(ctx context.Context, e index.Entry) iter.Seq2[*jobv1.Segment, error]

// API is what the handlers work with. It is safe for all goroutines.
type API struct {
	Log         *slog.Logger
	Gate        *auth.Gate
	Jobs        *jobs.Jobs
	Files       *job.Files
	Uploads     *upload.Receiver
	Transcripts *transcripts.Reader
	Models      request.Models
	// Segments is where streams come from; nil: all of them when the job is done.
	Segments Segments
	// KeepFiles lists recordings among the files of their user, as if they had been
	// uploaded; otherwise they go with the end of their job.
	KeepFiles bool
	// Longest is how long a request waits for its job at most.
	Longest time.Duration

	visitors visitors
}

// Routes takes a handler for a pattern; a web.Router is one.
type Routes interface {
	Handle(pattern string, h web.Handler)
}

// Register adds all routes.
func (a *API) Register(router Routes) {
	user := func(pattern string, h web.Handler) { router.Handle(pattern, a.Gate.Require(h)) }
	user("POST /v1/audio/transcriptions", a.transcriptions)
	user("POST /v1/audio/translations", a.translations)
	user("GET /v1/models", a.listModels)
	user("GET /v1/models/{model}", a.getModel)
}

func (a *API) transcriptions(w http.ResponseWriter, r *http.Request) error {
	return a.serve(w, r, parseTranscription)
}

func (a *API) translations(w http.ResponseWriter, r *http.Request) error {
	return a.serve(w, r, parseTranslation)
}

// taskHeader names the job, which the native API tells more about.
const taskHeader = "X-Task-Id"

// serve takes a recording through a job.
func (a *API) serve(w http.ResponseWriter, r *http.Request, parse func(fields) (order, error)) error {
	v, err := visitOf(r)
	if err != nil {
		return err
	}
	o, file, err := a.receive(w, r, parse)
	if err != nil {
		return err
	}
	e, made, err := a.create(r.Context(), v, o, file)
	if !made {
		a.drop(r.Context(), file)
	}
	if err != nil {
		return err
	}
	w.Header().Set(taskHeader, e.Job.GetId())
	w.Header().Set("Cache-Control", "no-store")
	leave := a.visitors.enter(e.Job.GetId())
	if o.stream {
		err = a.stream(w, r, o, e)
	} else {
		err = a.whole(w, r, o, e)
	}
	if last := leave(); last && isLeft(err) && !v.comesAgain() {
		a.abandon(r.Context(), e)
	}
	return err
}

// whole answers when the job is done.
func (a *API) whole(w http.ResponseWriter, r *http.Request, o order, e index.Entry) error {
	record, transcript, err := a.result(r.Context(), e)
	if err != nil {
		return err
	}
	return write(w, o, record, transcript)
}

// result waits for a job and reads its transcript.
func (a *API) result(ctx context.Context, e index.Entry) (*jobv1.Job, *jobv1.Transcript, error) {
	done, err := a.await(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	transcript, err := a.Transcripts.Read(ctx, done.Job)
	return done.Job, transcript, err
}
