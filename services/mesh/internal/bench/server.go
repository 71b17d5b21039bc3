package bench

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// user is the account that jobs belong to.
const user = "bench"

// startLimit is how long a process may take to be there.
const startLimit = time.Minute

// server is a whole mesh as a process of its own, with a client that is logged in.
type server struct {
	*client.Client
	child *child
	url   string
	token string // for what the client cannot do
}

// startServer starts one in a new folder. Whoever calls it calls stop.
func (b *bench) startServer(ctx context.Context) (*server, error) {
	data, err := os.MkdirTemp(b.folder, "data-")
	if err != nil {
		return nil, err
	}
	return b.serve(ctx, data, rand.Text())
}

// serve starts a server on a folder, with the demo model for all jobs and
// otherwise as it is by default.
func (b *bench) serve(ctx context.Context, data, password string) (*server, error) {
	engine, err := filepath.Abs(b.cfg.Engine)
	if err != nil {
		return nil, err
	}
	// The end of ctx does not kill the process: it is to stop in good order.
	process, err := spawn(exec.CommandContext(context.WithoutCancel(ctx), b.cfg.Server, "up",
		"-addr", "127.0.0.1:0", "-data", data, "-user", user+":"+password, "-model-fallback", "demo", "-log-level", "warn",
		"-transcriber.engine", engine, "-models", filepath.Dir(b.cfg.Model)))
	if err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	s := &server{child: process}
	if err := s.login(ctx, password); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) login(ctx context.Context, password string) error {
	url, err := s.address(ctx)
	if err != nil {
		return err
	}
	s.url = url
	if s.token, err = logIn(ctx, url, password); err != nil {
		return err
	}
	s.Client, err = client.New(client.Config{URL: url, Token: s.token})
	return err
}

// logIn returns an access token of the user.
func logIn(ctx context.Context, url, password string) (string, error) {
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, user, password)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/auth/token", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // what is wanted of it is read
	var given struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&given); err != nil || given.Token == "" {
		return "", errors.Join(fmt.Errorf("log in: %s", answer.Status), err)
	}
	return given.Token, nil
}

var servesOn = regexp.MustCompile(`serves on (http://\S+)\n`)

// address waits until the server tells where it serves; all of it is up then.
func (s *server) address(ctx context.Context) (string, error) {
	patience := time.After(startLimit)
	for {
		if found := servesOn.FindStringSubmatch(s.child.said.String()); found != nil {
			return found[1], nil
		}
		select {
		case <-s.child.said.news:
		case <-s.child.ended:
			return "", errors.New("the server did not start")
		case <-patience:
			return "", errors.New("the server did not start in time")
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

func (s *server) stop() error {
	return s.child.stop(func() error { return s.child.cmd.Process.Signal(syscall.SIGTERM) })
}

// upload stores a recording and returns its file id.
func (s *server) upload(ctx context.Context, r recording) (string, error) {
	body, size, err := r.open()
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }() // opened for reading: nothing to lose
	file, err := s.Upload(ctx, filepath.Base(r.path), size, body)
	return file.FileID, err
}

// create makes a job for a stored recording and returns its id.
func (s *server) create(ctx context.Context, fileID string) (string, error) {
	status, err := s.Create(ctx, client.NewJob{FileID: fileID, Model: "demo", Language: "en"})
	return status.TaskID, err
}

// transcribe takes a recording from its upload to the end of its job, and returns
// the job's id.
func (s *server) transcribe(ctx context.Context, r recording) (string, error) {
	file, err := s.upload(ctx, r)
	if err != nil {
		return "", err
	}
	id, err := s.create(ctx, file)
	if err != nil {
		return "", err
	}
	status, err := s.Watch(ctx, id, nil)
	if err == nil && status.Status != "completed" {
		err = fmt.Errorf("job %s is %s: %+v", id, status.Status, status.Error)
	}
	return id, err
}

// transcribeAll takes all recordings at once.
func (s *server) transcribeAll(ctx context.Context, recordings []recording) error {
	return each(ctx, len(recordings), recordings, func(ctx context.Context, r recording) error {
		_, err := s.transcribe(ctx, r)
		return err
	})
}
