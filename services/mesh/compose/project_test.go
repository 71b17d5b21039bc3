//go:build compose

// Package compose_test hurts the mesh of docker-compose.yml from outside, as a
// machine's operator or its bad luck does, while users work on it through the
// balancer. What users saw is judged by package chaos, which knows nothing of
// containers. The tests bring the mesh up, leave it running, and leave their jobs in
// the account admin.
//
//	users ──HTTP──> 127.0.0.1:8000 (haproxy) ──> containers <── docker kill, stop, restart
package compose_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// address is where the balancer's port is opened, and admin the account there is.
const (
	address = "http://127.0.0.1:8000"
	admin   = "admin"
)

// patience is how long a container may take to be well again. It only ends tests
// that fail: a transcriber may finish what it has in hand first.
const patience = 5 * time.Minute

// project is the mesh of docker-compose.yml.
type project struct{ t testing.TB }

// container is a running one of the mesh.
type container struct {
	ID      string
	Name    string // for example "stenomesh-history-2"
	Service string
	State   string
}

// up brings the mesh up with every service twice, or more, that may have replicas.
func up(t testing.TB) project {
	t.Helper()
	p := project{t}
	began := time.Now()
	p.compose("up", "--build", "--detach", "--wait",
		"--scale", "api-gateway=2", "--scale", "audio-preprocess=2", "--scale", "transcriber=3", "--scale", "history=2", "--scale", "cache=2")
	t.Logf("the mesh is up after %v", time.Since(began).Round(time.Second))
	return p
}

// compose runs a command of docker compose in the project's folder and returns what
// it printed.
func (p project) compose(args ...string) string {
	p.t.Helper()
	return p.docker(append([]string{"compose"}, args...)...)
}

func (p project) docker(args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "docker", args...)
	cmd.Dir = testkit.Root(p.t)
	cmd.Env = environment()
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("docker %s: %v: %s; Docker Engine and its compose plugin are needed", strings.Join(args, " "), err, problems.String())
	}
	return string(out)
}

// environment has what the mesh is set to for the tests: logs that tell every task
// that is done, and a core for each of three transcribers.
func environment() []string {
	return append(os.Environ(), "STENOMESH_LOG_LEVEL=debug", "STENOMESH_TRANSCRIBER_CORES=1")
}

// containers are those that run, in the order of their names; services that ran
// once and are done are not among them.
func (p project) containers(services ...string) []container {
	p.t.Helper()
	var all []container
	lines := json.NewDecoder(strings.NewReader(p.compose("ps", "--all", "--no-trunc", "--format", "json")))
	for lines.More() {
		var c container
		if err := lines.Decode(&c); err != nil {
			p.t.Fatalf("docker compose ps: %v", err)
		}
		if c.State == "running" && (len(services) == 0 || slices.Contains(services, c.Service)) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b container) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// awaitWell waits until all containers say that they are well, or at least run where
// nobody asks them.
func (p project) awaitWell(containers []container) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for ill := p.ill(containers); len(ill) > 0; ill = p.ill(containers) {
		if time.Now().After(deadline) {
			p.t.Fatalf("not well after %v: %s", patience, strings.Join(ill, ", "))
		}
		pause(500 * time.Millisecond)
	}
}

// ill are those that are not well, and what is said of them.
func (p project) ill(containers []container) []string {
	p.t.Helper()
	args := []string{"inspect", "--format", "{{.Name}} {{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}"}
	for _, c := range containers {
		args = append(args, c.ID)
	}
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(p.docker(args...)), "\n"), func(line string) bool {
		return strings.HasSuffix(line, " healthy") || strings.HasSuffix(line, " running")
	})
}

// password is that of admin. It is read out of the container, never printed.
func (p project) password() string {
	p.t.Helper()
	archive := tar.NewReader(strings.NewReader(p.compose("cp", "history:/secrets/admin-password", "-")))
	head, err := archive.Next()
	if err != nil || path.Base(head.Name) != "admin-password" {
		p.t.Fatalf("the password of admin cannot be read: %v", err)
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// pause is the pace of what is done to the mesh, not a wait for a fact.
func pause(d time.Duration) { <-time.After(d) }
