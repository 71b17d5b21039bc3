package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/gateway"
)

// shelves is a server with recordings. What it is asked for says how it answers.
func shelves(t *testing.T) (url string) {
	t.Helper()
	left := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a/talk.mp3", "/second.mp3", "/first":
			w.Header().Set("Content-Type", "audio/mpeg")
			if r.URL.Path == "/first" {
				w.Header().Set("Content-Disposition", `attachment; filename*=UTF-8''%D0%B7%D0%B0%D0%BF%D0%B8%D1%81%D1%8C.mp3`)
			}
			_, _ = w.Write([]byte(sound(r.URL.Path)))
		case "/elsewhere":
			http.Redirect(w, r, "/a/talk.mp3", http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/page":
			_, _ = w.Write([]byte("<html>not a recording</html>"))
		case "/large":
			w.Header().Set("Content-Length", "4000000")
			_, _ = w.Write([]byte(sound("large")))
		case "/endless":
			for {
				if _, err := w.Write([]byte(sound("endless"))); err != nil {
					return
				}
			}
		case "/short":
			w.Header().Set("Content-Length", "90000")
			_, _ = w.Write([]byte(sound("short")))
		case "/silent":
			_, _ = w.Write([]byte(sound("silent")))
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-left:
			}
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(left) })
	return server.URL
}

func fetching(cfg *gateway.Config) {
	local(cfg)
	cfg.URLIngest, cfg.MaxUploadBytes, cfg.UploadIdle = true, 1<<20, 300*time.Millisecond
}

func (u user) fetch(url, more string) reply {
	u.t.Helper()
	return u.send("POST", "/api/v1/files", fmt.Sprintf(`{"url":%q%s}`, url, more), "Content-Type: application/json")
}

// fetchSlowly asks for a recording and leaves when the test ends.
func (u user) fetchSlowly(url string) {
	u.t.Helper()
	u.background(func(ctx context.Context) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url+"/api/v1/files", strings.NewReader(fmt.Sprintf(`{"url":%q}`, url)))
		if err != nil {
			u.t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+u.token)
		if got, err := u.try(req); err == nil {
			u.t.Errorf("the silent server was answered for: %s", got.body)
		}
	})
}

func TestFetch_storesARecordingAsAnUploadDoes(t *testing.T) {
	t.Parallel()
	ann, from := start(t, fetching).login("ann"), shelves(t)
	for _, c := range []struct{ path, more, name string }{
		{"/a/talk.mp3?key=1", "", "talk.mp3"}, {"/first", "", "запись.mp3"}, {"/elsewhere", "", "talk.mp3"}, {"/second.mp3", `,"name":"my own.mp3"`, "my own.mp3"},
	} {
		got := ann.fetch(from+c.path, c.more).wants(201, "")
		if got.field("name") != c.name || got.field("content_type") != "audio/mpeg" {
			t.Errorf("%s: %s", c.path, got.body)
		}
		audio := ann.send("GET", "/api/v1/files/"+got.field("file_id")+"/audio", "").wants(200, "")
		if !strings.HasPrefix(audio.body, "ID3\x04/") || fmt.Sprint(len(audio.body)) != got.field("size") {
			t.Errorf("%s: %d bytes are stored", c.path, len(audio.body))
		}
	}
}

func TestFetch_saysWhyThereIsNoFile(t *testing.T) {
	t.Parallel()
	ann, from := start(t, fetching).login("ann"), shelves(t)
	for url, want := range map[string]string{
		from + "/missing": "422 url_not_fetched", from + "/inside": "422 url_not_fetched", from + "/round": "422 url_not_fetched",
		from + "/short": "422 url_not_fetched", from + "/silent": "422 url_not_fetched", "http://nowhere.invalid/": "422 url_not_fetched",
		from + "/page": "415 unsupported_media", from + "/large": "413 file_too_large", from + "/endless": "413 file_too_large",
		"http://169.254.169.254/": "422 invalid_url", "file:///etc/passwd": "422 invalid_url", "": "422 invalid_url",
	} {
		got := ann.fetch(url, "")
		if said := fmt.Sprintf("%d %s", got.status, got.field("code")); said != want {
			t.Errorf("%s: %s, want %s", url, got.body, want)
		}
		for _, inner := range []string{"127.0.0.1", "169.254", "dial", "lookup", "EOF"} {
			if strings.Contains(got.body, inner) {
				t.Errorf("%s: the answer tells %q: %s", url, inner, got.body)
			}
		}
	}
	ann.send("POST", "/api/v1/files", `{"url":`, "Content-Type: application/json").wants(400, "invalid_json")
	if left := ann.leftovers(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What answers inside is told as what does not.
func TestFetch_tellsNothingOfWhatIsInside(t *testing.T) {
	t.Parallel()
	ann := start(t, func(cfg *gateway.Config) { cfg.URLIngest = true }).login("ann")

	there, nowhere := ann.fetch(shelves(t)+"/a/talk.mp3", ""), ann.fetch("http://127.0.0.1:40001/", "")

	if there.wants(422, "invalid_url").field("detail") != nowhere.wants(422, "invalid_url").field("detail") {
		t.Errorf("got %s and %s", there.body, nowhere.body)
	}
}

func TestFetch_isOffUnlessAnOperatorWantsIt(t *testing.T) {
	t.Parallel()
	ann := start(t, local).login("ann")

	ann.fetch(shelves(t)+"/a/talk.mp3", "").wants(422, "url_ingest_disabled")
}

func TestFetch_limitsHowManyAUserHasUnderWay(t *testing.T) {
	t.Parallel()
	r := start(t, func(cfg *gateway.Config) { fetching(cfg); cfg.UploadIdle = time.Minute })
	ann, from := r.login("ann"), shelves(t)
	asked := make(chan struct{}, 4)
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	for range 4 {
		ann.fetchSlowly(silent.URL)
		<-asked
	}

	ann.fetch(from+"/a/talk.mp3", "").wants(429, "too_many_fetches")
	r.login("bob").fetch(from+"/a/talk.mp3", "").wants(201, "")
}
