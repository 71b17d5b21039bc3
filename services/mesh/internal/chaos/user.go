package chaos

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// asking is how often a user asks how a job is.
const asking = 150 * time.Millisecond

// User works on a mesh as a patient client does: what fails for the moment is
// tried again. All it sees goes into the ledger.
type User struct {
	Name   string
	ledger *Ledger
	client *client.Client
}

// NewUser logs in at a gateway.
func NewUser(ctx context.Context, url, name, password string, ledger *Ledger) (*User, error) {
	transport := &http.Transport{ResponseHeaderTimeout: time.Minute, MaxIdleConnsPerHost: 4}
	c, err := client.New(client.Config{URL: url, HTTP: &http.Client{Transport: witness{transport, ledger, name}}})
	if err != nil {
		return nil, err
	}
	if err := c.Login(ctx, name, password); err != nil {
		return nil, fmt.Errorf("log in as %s: %w", name, err)
	}
	return &User{Name: name, ledger: ledger, client: c}, nil
}

// Client is for what a user does that the ledger need not tell apart.
func (u *User) Client() *client.Client { return u.client }

// witness writes down how every request ends.
type witness struct {
	next   http.RoundTripper
	ledger *Ledger
	user   string
}

// RoundTrip passes a request on.
func (w witness) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	e := Event{What: Answered, User: w.user, Request: r.Method + " " + r.URL.Path}
	if err != nil {
		e.Note = err.Error()
	} else {
		e.HTTP, e.RetryAfter = resp.StatusCode, resp.Header.Get("Retry-After") != ""
	}
	if r.Context().Err() == nil { // else it is the user who left
		w.ledger.Add(e)
	}
	return resp, err
}

// Run has a recording transcribed and returns when the user has the transcript, or
// ctx ends. name is unique: what the user calls the job before it has an id.
func (u *User) Run(ctx context.Context, name, file string) error {
	id, err := u.create(ctx, name, file)
	if err != nil {
		return err
	}
	state, err := u.follow(ctx, id)
	if err != nil || state != "completed" {
		return err
	}
	return u.fetch(ctx, id)
}

// create asks until there is an answer, under one key: what is lost on the way makes
// no second job.
func (u *User) create(ctx context.Context, name, file string) (string, error) {
	u.ledger.Add(Event{What: Asked, User: u.Name, Request: name, File: file})
	job := client.NewJob{FileID: file, Model: "demo", Language: "en", Key: rand.Text()}
	for {
		status, err := u.client.Create(ctx, job)
		if err == nil {
			u.ledger.Add(Event{What: Accepted, User: u.Name, Request: name, Job: status.TaskID, File: file})
			return status.TaskID, nil
		}
		if err := wait(ctx, err); err != nil {
			return "", fmt.Errorf("create %s: %w", name, err)
		}
	}
}

// follow asks for the status until the job has ended, and writes down what changes.
func (u *User) follow(ctx context.Context, id string) (state string, err error) {
	for {
		status, err := u.client.Status(ctx, id)
		if err != nil {
			if err := wait(ctx, err); err != nil {
				return "", fmt.Errorf("status of %s: %w", id, err)
			}
			continue
		}
		if status.Status != state {
			state = status.Status
			u.ledger.Add(Event{What: Seen, User: u.Name, Job: id, State: state})
		}
		if status.Terminal() {
			return state, nil
		}
		if err := sleep(ctx, asking); err != nil {
			return "", err
		}
	}
}

func (u *User) fetch(ctx context.Context, id string) error {
	sum, err := u.words(ctx, id)
	if err == nil {
		u.ledger.Add(Event{What: Fetched, User: u.Name, Job: id, SHA256: sum})
	}
	return err
}

// words returns the SHA-256 of a job's words and their times.
func (u *User) words(ctx context.Context, id string) (string, error) {
	for {
		words, err := u.client.Download(ctx, id, "srt") // without ids and times of day
		if err == nil {
			sum := sha256.Sum256(words)
			return hex.EncodeToString(sum[:]), nil
		}
		if err := wait(ctx, err); err != nil {
			return "", fmt.Errorf("download %s: %w", id, err)
		}
	}
}

// wait pauses after an error that may pass. Any other is returned.
func wait(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var problem *client.Problem
	var connection *client.ConnectionError
	switch {
	case errors.As(err, &problem) && problem.Status != http.StatusServiceUnavailable && problem.Status != http.StatusTooManyRequests:
		return err
	case !errors.As(err, &problem) && !errors.As(err, &connection) && !brokenOff(err):
		return err
	}
	return sleep(ctx, 100*time.Millisecond)
}

// brokenOff tells of an answer that ended in its middle.
func brokenOff(err error) bool { return strings.Contains(err.Error(), "unexpected EOF") }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
