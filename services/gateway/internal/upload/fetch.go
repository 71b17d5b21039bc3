package upload

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/outbound"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

const (
	mostRedirects = 5
	// mostFetches of one user may be under way in a gateway.
	mostFetches = 4
	// fetchTime bounds one fetch: a client waits for it.
	fetchTime = time.Hour
)

// Fetcher gets recordings from addresses that users name.
type Fetcher struct {
	client *http.Client
	guard  *outbound.Guard
	users  *outbound.Bound
	idle   time.Duration
}

// NewFetcher calls what guard permits; idle is how long a server may send nothing.
func NewFetcher(guard *outbound.Guard, idle time.Duration) *Fetcher {
	return &Fetcher{client: guard.Following(mostRedirects), guard: guard, users: outbound.NewBound(mostFetches), idle: idle}
}

// fetch finds the recording at the address in a request, a JSON object with "url" and
// perhaps "name". Unprocessable: "url_ingest_disabled", "invalid_url",
// "url_not_fetched"; Exhausted "too_many_fetches".
func (v *Receiver) fetch(w http.ResponseWriter, r *http.Request, userID string) (*source, error) {
	if v.Fetch == nil {
		return nil, fault.New(fault.Unprocessable, "url_ingest_disabled",
			"Fetching recordings from addresses is switched off; send the bytes.")
	}
	var order struct {
		URL  string `json:"url"`
		Name string `json:"name"`
	}
	if err := web.DecodeJSON(w, r, &order); err != nil {
		return nil, err
	}
	from, err := v.Fetch.guard.CheckURL(order.URL)
	if err != nil {
		return nil, problem.With(err, "field", "url")
	}
	s, size, err := v.Fetch.open(r.Context(), userID, from)
	if err != nil {
		return nil, err
	}
	if size > v.MaxBytes {
		s.close()
		return nil, v.tooLarge()
	}
	if order.Name != "" {
		s.name = order.Name
	}
	return s, nil
}

// open begins to fetch. size is what the server says it is, -1 if it does not.
func (f *Fetcher) open(ctx context.Context, userID string, from *url.URL) (s *source, size int64, err error) {
	leave, ok := f.users.Enter(userID)
	if !ok {
		return nil, 0, fault.New(fault.Exhausted, "too_many_fetches", "Too many of your recordings are being fetched; wait until some are there.")
	}
	fetching, cancel := context.WithTimeout(ctx, fetchTime)
	s = &source{close: func() { cancel(); leave() }, wrong: func(err error) error {
		if ctx.Err() != nil { // whoever asked has left
			return ctx.Err()
		}
		return notFetched(err, "The recording could not be fetched from this address.")
	}}
	resp, err := f.get(fetching, from) //nolint:bodyclose // s.close does, when the recording is stored
	if err != nil {
		defer s.close()
		return nil, 0, s.wrong(err)
	}
	end := s.close
	s.close = func() { _ = resp.Body.Close(); end() } // what was wanted of it has been read
	if resp.StatusCode != http.StatusOK {
		defer s.close()
		return nil, 0, notFetched(nil, fmt.Sprintf("The address answered with status %d.", resp.StatusCode))
	}
	s.name, s.contentType = nameOf(resp), resp.Header.Get("Content-Type")
	stalled := time.AfterFunc(f.idle, cancel)
	stalled.Stop()
	s.body = keep{from: patient{from: resp.Body, timer: stalled, idle: f.idle}, err: &s.err}
	return s, resp.ContentLength, nil
}

func (f *Fetcher) get(ctx context.Context, from *url.URL) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "Stenomesh")
	return f.client.Do(req)
}

// notFetched says no more than that, whatever the reason is: what answers in our
// network is nobody's business.
func notFetched(err error, message string) error {
	return fault.Wrap(err, fault.Unprocessable, "url_not_fetched", message)
}

// patient waits for each piece of a body, though not for long.
type patient struct {
	from  io.Reader
	timer *time.Timer // ends the request
	idle  time.Duration
}

// Read implements io.Reader.
func (p patient) Read(b []byte) (int, error) {
	p.timer.Reset(p.idle)
	defer p.timer.Stop()
	return p.from.Read(b)
}

// nameOf is what the server calls a file, or the last part of the address that it was
// found at.
func nameOf(resp *http.Response) string {
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
	if err == nil && params["filename"] != "" {
		return params["filename"]
	}
	return path.Base(resp.Request.URL.Path)
}
