package catalog_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
)

// source serves one body over HTTPS and counts how often it was asked.
func source(t *testing.T, status int, body string) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	asked := new(atomic.Int32)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // a client that hangs up is part of some tests
	}))
	t.Cleanup(server.Close)
	return server, asked
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

func TestPull_installsTheFileAndTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	server, asked := source(t, http.StatusOK, "hello")
	m := modelOf("hello")
	m.Source = server.URL + "/demo.bin"
	p := catalog.Puller{Dir: filepath.Join(t.TempDir(), "models"), Client: server.Client()}
	var done, total int64

	path, err := p.Pull(t.Context(), m, func(d, n int64) { done, total = d, n })

	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "hello" {
		t.Errorf("file holds %q (%v)", got, err)
	}
	if done != 5 || total != 5 {
		t.Errorf("last progress was %d of %d", done, total)
	}
	if names := entries(t, p.Dir); len(names) != 1 {
		t.Errorf("folder holds %v", names)
	}
	if _, err := p.Pull(t.Context(), m, nil); err != nil || asked.Load() != 1 {
		t.Errorf("second pull: error %v, the source was asked %d times", err, asked.Load())
	}
}

func TestPull_leavesNothingBehindWhenTheBodyIsWrong(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"other": "hullo", "short": "hell", "long": "hello world"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := source(t, http.StatusOK, body)
			m := modelOf("hello")
			m.Source = server.URL
			p := catalog.Puller{Dir: t.TempDir(), Client: server.Client()}

			_, err := p.Pull(t.Context(), m, nil)

			if !errors.Is(err, catalog.ErrChecksum) {
				t.Errorf("error is %v, want ErrChecksum", err)
			}
			if names := entries(t, p.Dir); len(names) != 0 {
				t.Errorf("folder holds %v", names)
			}
		})
	}
}

func TestPull_saysThatTheSourceDoesNotAnswer(t *testing.T) {
	t.Parallel()
	server, _ := source(t, http.StatusForbidden, "")
	m := modelOf("hello")
	m.Source = server.URL
	p := catalog.Puller{Dir: t.TempDir(), Client: server.Client()}

	_, err := p.Pull(t.Context(), m, nil)

	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("error is %v, want kind Unavailable", err)
	}
}

func TestPull_refusesAModelWithoutSource(t *testing.T) {
	t.Parallel()

	_, err := (&catalog.Puller{Dir: t.TempDir()}).Pull(t.Context(), modelOf("hello"), nil)

	if !fault.Is(err, fault.NotFound) {
		t.Errorf("error is %v, want kind NotFound", err)
	}
}

func TestPull_stopsWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("hel"))
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	m := modelOf("hello")
	m.Source = server.URL
	p := catalog.Puller{Dir: t.TempDir(), Client: server.Client()}

	_, err := p.Pull(ctx, m, nil)

	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if names := entries(t, p.Dir); len(names) != 0 {
		t.Errorf("folder holds %v", names)
	}
}

func TestPull_givesUpOnASourceThatStopsSending(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{"before the first byte": "", "half way": "hel"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if sent != "" {
					_, _ = w.Write([]byte(sent))
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			}))
			t.Cleanup(server.Close)
			m := modelOf("hello")
			m.Source = server.URL
			p := catalog.Puller{Dir: t.TempDir(), Client: server.Client(), Patience: 100 * time.Millisecond}

			_, err := p.Pull(t.Context(), m, nil)

			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("error is %v, want kind Unavailable", err)
			}
			if names := entries(t, p.Dir); len(names) != 0 {
				t.Errorf("folder holds %v", names)
			}
		})
	}
}

func TestPull_removesWhatKilledPullsLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, now := time.Now().Add(-time.Hour), time.Now()
	writeFile(t, filepath.Join(dir, ".demo.bin.123.part"), "hel", old)
	writeFile(t, filepath.Join(dir, ".demo.bin.456.part"), "he", now) // somebody may be at work
	writeFile(t, filepath.Join(dir, ".other.bin.789.part"), "o", old) // of another model
	writeFile(t, filepath.Join(dir, "demo.bin"), "hello", old)
	p := catalog.Puller{Dir: dir}

	if _, err := p.Pull(t.Context(), modelOf("hello"), nil); err != nil {
		t.Fatal(err)
	}

	want := []string{".demo.bin.456.part", ".other.bin.789.part", "demo.bin"}
	if names := entries(t, dir); !slices.Equal(names, want) {
		t.Errorf("folder holds %v, want %v", names, want)
	}
}
