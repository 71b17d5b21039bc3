package remains

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// Person is a user of a mesh. Its methods end the test when the mesh does not answer
// as it should; answers of 503 are asked again.
type Person struct {
	t     testing.TB
	url   string
	ID    string
	Name  string
	token string

	ids   []string // of the person and the jobs, as they may stand in tombstones
	words []string // that may stand nowhere
	done  string   // id of the completed job
	text  string   // its transcript
}

// Password is that of everybody whom Make makes.
const Password = "correct horse"

// Login returns somebody who has an account already.
func Login(t testing.TB, url, name, password string) *Person {
	t.Helper()
	p := &Person{t: t, url: url, Name: name}
	answer := p.want(200, "POST", "/api/v1/auth/token", fmt.Appendf(nil, `{"username":%q,"password":%q}`, name, password))
	p.token = fmt.Sprint(answer["access_token"])
	p.ID = fmt.Sprint(p.want(200, "GET", "/api/v1/user/me", nil)["user_id"])
	p.ids = []string{p.ID, job.Token(p.ID)}
	p.words = []string{name}
	return p
}

// Make has an administrator make an account, and returns its owner.
func (p *Person) Make(name string) *Person {
	p.t.Helper()
	p.want(201, "POST", "/api/v1/users", fmt.Appendf(nil, `{"username":%q,"password":%q}`, name, Password))
	return Login(p.t, p.url, name, Password)
}

// traces is what a store may not hold of a person, but for tombstones.
func (p *Person) traces(tombstone bool) []string {
	if tombstone {
		return p.words
	}
	return append(p.ids[:len(p.ids):len(p.ids)], p.words...)
}

// longWord is one that does not stand in anything else by chance.
var longWord = regexp.MustCompile(`\pL{6,}`)

// keepKey makes an API key that is called after the person.
func (p *Person) keepKey() {
	p.t.Helper()
	p.want(201, "POST", "/api/v1/auth/keys", fmt.Appendf(nil, `{"name":"the phone of %s"}`, p.Name))
}

// Complete stores a recording under an id of the person's choice, transcribes it,
// and reads the transcript, so that it is in every cache.
func (p *Person) Complete(sample testkit.Sample) {
	p.t.Helper()
	p.keepKey()
	file := p.Upload(sample.Path, p.Name+"s-diary")
	p.done = p.Create(file, sample.Language)
	testkit.Eventually(p.t, p.done+" is completed", func() bool { return p.Status(p.done) == "completed" })
	p.words = append(p.words, longWord.FindAllString(p.Text(), -1)...)
	p.edit(p.Name + " misunderstood everything.")
	p.text = p.Text()
}

// edit replaces the transcript of Complete by a text, so that there are two versions.
func (p *Person) edit(text string) {
	p.t.Helper()
	body := fmt.Appendf(nil, `{"segments":[{"start":0,"end":0.5,"text":%q}]}`, text)
	var data []byte
	var status int
	testkit.Eventually(p.t, "the history has the transcript", func() bool {
		data, status = p.Ask("PATCH", "/api/v1/transcription/"+p.done+"/transcript", body, "If-Match", "*")
		return status != 0 && status != 503
	})
	if status != 200 {
		p.t.Fatalf("edit: %d %s", status, data)
	}
}

// Upload stores a file and returns its id.
func (p *Person) Upload(path, id string) string {
	p.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	name := p.Name + "-" + id + ".flac"
	answer := p.want(201, "PUT", "/api/v1/files/"+id+"?name="+name, content)
	p.words = append(p.words, job.Token(id), fmt.Sprint(answer["sha256"]))
	return id
}

// Begin sends the first half of a file, as an upload that is never finished.
func (p *Person) Begin(path string) {
	p.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	name := p.Name + "-memoirs.flac"
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/v1/uploads/", bytes.NewReader(content[:len(content)/2]))
	if err != nil {
		p.t.Fatal(err)
	}
	for header, value := range map[string]string{
		"Authorization": "Bearer " + p.token, "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream",
		"Upload-Length": fmt.Sprint(len(content)), "Upload-Metadata": "filename " + base64.StdEncoding.EncodeToString([]byte(name)),
	} {
		req.Header.Set(header, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		p.t.Fatalf("an upload: %s", resp.Status)
	}
	id := resp.Header.Get("Location")
	p.words = append(p.words, id[strings.LastIndex(id, "/")+1:], name)
}

// Create makes a job and returns its id. Its end is told to nobody, again and again.
func (p *Person) Create(file, language string) string {
	p.t.Helper()
	return p.CreateTelling(file, language, "https://nobody.invalid/"+p.Name)
}

// CreateTelling makes a job whose end is told to a receiver.
func (p *Person) CreateTelling(file, language, receiver string) string {
	p.t.Helper()
	body := fmt.Appendf(nil, `{"file_id":%q,"model":"demo","language":%q,"prompt":"said %s","metadata":{"for":%q},"callback_url":%q}`,
		file, language, p.Name, p.Name, receiver)
	id := fmt.Sprint(p.want(201, "POST", "/api/v1/transcription/create", body)["task_id"])
	p.ids = append(p.ids, id)
	return id
}

// Cancel stops a job.
func (p *Person) Cancel(id string) {
	p.t.Helper()
	p.want(202, "POST", "/api/v1/transcription/"+id+"/cancel", nil)
}

// Status returns where a job stands.
func (p *Person) Status(id string) string {
	p.t.Helper()
	return fmt.Sprint(p.want(200, "GET", "/api/v1/transcription/"+id+"/status", nil)["status"])
}

// Deliveries returns the log of a job's hooks.
func (p *Person) Deliveries(id string) string {
	p.t.Helper()
	return fmt.Sprint(p.want(200, "GET", "/api/v1/transcription/"+id+"/deliveries", nil))
}

// Secret returns what the person's hooks are signed with.
func (p *Person) Secret() string {
	p.t.Helper()
	return fmt.Sprint(p.want(200, "GET", "/api/v1/user/webhook-secret", nil)["secret"])
}

// Done is the id of the job of Complete.
func (p *Person) Done() string { return p.done }

// Text returns the transcript of Complete.
func (p *Person) Text() string {
	p.t.Helper()
	data, status := p.Ask("GET", "/api/v1/transcription/"+p.done+"/download?format=text", nil)
	if status != 200 {
		p.t.Fatalf("download: %d %s", status, data)
	}
	return string(data)
}

// IsWhole fails the test unless the person has all that Complete made.
func (p *Person) IsWhole() {
	p.t.Helper()
	if got := p.Text(); got != p.text {
		p.t.Errorf("the transcript of %s was %q and is %q", p.Name, p.text, got)
	}
	p.want(200, "GET", "/api/v1/files/"+p.Name+"s-diary", nil)
	if _, status := p.Ask("GET", "/api/v1/files/"+p.Name+"s-diary/audio", nil); status != 200 {
		p.t.Errorf("the recording of %s: %d", p.Name, status)
	}
}

// Delete has an administrator delete a user. It returns when that is accepted.
func (p *Person) Delete(other *Person) {
	p.t.Helper()
	p.want(202, "DELETE", "/api/v1/users/"+other.ID, nil)
}

// AwaitDeleted waits until an administrator is told that nothing is left of a user.
func (p *Person) AwaitDeleted(other *Person) {
	p.t.Helper()
	testkit.Eventually(p.t, other.Name+" is deleted", func() bool {
		_, status := p.Ask("GET", "/api/v1/users/"+other.ID, nil)
		return status == 404
	})
}

// Jobs returns how many jobs the history shows.
func (p *Person) Jobs() int {
	p.t.Helper()
	total, _ := p.want(200, "GET", "/api/v1/user/history", nil)["total"].(float64)
	return int(total)
}

// want sends a request until the answer is not 503, and returns the object in it.
func (p *Person) want(status int, method, path string, body []byte) map[string]any {
	p.t.Helper()
	var data []byte
	var got int
	testkit.Eventually(p.t, "an answer to "+path, func() bool {
		data, got = p.Ask(method, path, body)
		return got != 0 && got != 503
	})
	if got != status {
		p.t.Fatalf("%s %s: got %d %s, want %d", method, path, got, data, status)
	}
	var answer map[string]any
	if err := json.Unmarshal(data, &answer); err != nil {
		p.t.Fatalf("%s %s: %v: %s", method, path, err, data)
	}
	return answer
}

// Ask sends a request, with a header (name, value) if one is given; status is 0 when
// there was no answer.
func (p *Person) Ask(method, path string, body []byte, header ...string) (data []byte, status int) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	for pair := range slices.Chunk(header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0
	}
	defer func() { _ = resp.Body.Close() }() // what was wanted of it has been read
	if data, err = io.ReadAll(resp.Body); err != nil {
		return nil, 0
	}
	return data, resp.StatusCode
}

// Cached returns how many entries of a kind the cache holds.
func (p *Person) Cached(kind string) int {
	p.t.Helper()
	kinds, _ := p.want(200, "GET", "/health/cache", nil)["caches"].([]any)
	for _, one := range kinds {
		if row, ok := one.(map[string]any); ok && row["kind"] == kind {
			entries, _ := row["entries"].(float64)
			return int(entries)
		}
	}
	return 0
}
