package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

func TestClient_takesARecordingToItsTranscript(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))

	task := submit(t, c, "interview.mp3")
	var seen []string
	end, err := c.Watch(t.Context(), task, func(s client.Status) { seen = append(seen, s.Status) })
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Download(t.Context(), task, "text")

	if err != nil || string(text) != "The words of interview.mp3.\n" {
		t.Errorf("text is %q, error %v", text, err)
	}
	if want := []string{"queued", "preprocessing", "transcribing", "transcribing", "completed"}; !slices.Equal(seen, want) {
		t.Errorf("changes told: %v, want %v", seen, want)
	}
	if !end.Terminal() || end.FileName != "interview.mp3" || end.DurationSeconds != 12.38 {
		t.Errorf("ended as %+v", end)
	}
}

func TestClient_sendsWhatTheUserChose(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	file, err := c.Upload(t.Context(), "Запись 1.ogg", 4, strings.NewReader("OggS"))
	if err != nil {
		t.Fatal(err)
	}

	created, err := c.Create(t.Context(), client.NewJob{FileID: file.FileID, Model: "tiny", Language: "ru"})
	if err != nil {
		t.Fatal(err)
	}
	job, err := c.Job(t.Context(), created.TaskID)

	if err != nil || job.Model != "tiny" || job.Language != "ru" || job.FileName != "Запись 1.ogg" {
		t.Errorf("job is %+v, error %v", job, err)
	}
	if len(job.Timings) != 2 || job.Timings[1] != (client.Timing{Stage: "transcribing", Seconds: 1.25}) {
		t.Errorf("timings are %v", job.Timings)
	}
	if file.Size != 4 {
		t.Errorf("the server got %d bytes, want 4", file.Size)
	}
}

func TestClient_returnsTheProblemOfTheServer(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))

	_, err := c.Status(t.Context(), "task-9")

	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusNotFound || problem.Code != "task_not_found" {
		t.Fatalf("error is %v, want the problem task_not_found", err)
	}
	if got := err.Error(); got != "There is no task of this id. (task_not_found)" {
		t.Errorf("sentence is %q", got)
	}
}

func TestClient_makesDoWithWhatAProxySays(t *testing.T) {
	t.Parallel()
	inTenMinutes := time.Now().Add(10 * time.Minute).UTC().Format(http.TimeFormat)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", inTenMinutes)
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html>out of order</html>"))
	}))
	t.Cleanup(proxy.Close)
	c, err := client.New(client.Config{URL: proxy.URL})
	if err != nil {
		t.Fatal(err)
	}

	_, err = c.Me(t.Context())

	var problem *client.Problem
	if !errors.As(err, &problem) || err.Error() != "Bad Gateway (HTTP 502)" {
		t.Fatalf("error is %v", err)
	}
	if problem.RetryAfter < time.Minute || problem.RetryAfter > 10*time.Minute {
		t.Errorf("to be asked again after %v, want about ten minutes", problem.RetryAfter)
	}
}

func TestClient_logsInForAToken(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	c, err := client.New(client.Config{URL: server.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}

	if err := c.Login(t.Context(), gatewaytest.User, gatewaytest.Password); err != nil {
		t.Fatal(err)
	}
	user, err := c.Me(t.Context())

	if err != nil || user.Username != gatewaytest.User {
		t.Errorf("got %+v, %v", user, err)
	}
}

func TestClient_saysWhenThereIsNoServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil { // now nobody listens there
		t.Fatal(err)
	}
	c, err := client.New(client.Config{URL: "http://" + listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}

	_, err = c.Me(t.Context())

	var broken *client.ConnectionError
	if !errors.As(err, &broken) || !broken.NoRoute {
		t.Errorf("error is %v, want a ConnectionError without a route", err)
	}
}

func TestClient_stopsWatchingWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	task := submit(t, c, gatewaytest.Endless)
	ctx, cancel := context.WithCancel(t.Context())

	_, err := c.Watch(ctx, task, func(s client.Status) {
		if s.Status == "transcribing" {
			cancel()
		}
	})

	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
}

func TestClient_readsNoMoreOfARefusedRecording(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	c := connect(t, server)
	body := &counted{from: strings.NewReader(strings.Repeat("x", 1<<20))}

	_, err := c.Upload(t.Context(), gatewaytest.Refused, 1<<20, body)

	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Code != "unsupported_media" {
		t.Errorf("error is %v, want unsupported_media", err)
	}
	if body.n != 0 {
		t.Errorf("%d bytes were read for a recording that the server refused by its name", body.n)
	}
}

func TestNew_refusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:8000", "ftp://host", "http://", "http://a b"} {
		if _, err := client.New(client.Config{URL: address}); err == nil {
			t.Errorf("%q was taken as an address", address)
		}
	}
}

// counted counts what is read of it.
type counted struct {
	from io.Reader
	n    int
}

func (r *counted) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.n += n
	return n, err
}

func connect(t *testing.T, server *gatewaytest.Server) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: server.URL, Token: gatewaytest.Token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// submit uploads a recording, starts its job and returns the task id.
func submit(t *testing.T, c *client.Client, name string) string {
	t.Helper()
	file, err := c.Upload(t.Context(), name, 5, strings.NewReader("bytes"))
	if err != nil {
		t.Fatal(err)
	}
	status, err := c.Create(t.Context(), client.NewJob{FileID: file.FileID})
	if err != nil {
		t.Fatal(err)
	}
	return status.TaskID
}
