package meshtest

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// Result is the JSON download, as far as tests look at it.
type Result struct {
	Language string  `json:"language"`
	Duration float64 `json:"duration"`
	Text     string  `json:"text"`
	Segments []struct {
		Start   float64  `json:"start"`
		End     float64  `json:"end"`
		Text    string   `json:"text"`
		Speaker string   `json:"speaker"`
		Quality []string `json:"quality"`
		Words   []struct {
			Word  string  `json:"word"`
			Start float64 `json:"start"`
			End   float64 `json:"end"`
		} `json:"words"`
	} `json:"segments"`
}

// Heard returns the words with their times. The job must have asked for word
// times.
func (r Result) Heard() []Heard {
	var heard []Heard
	for _, segment := range r.Segments {
		for _, word := range segment.Words {
			heard = append(heard, Heard{Word: word.Word, Start: word.Start})
		}
	}
	return heard
}

// Transcribe takes a file through the public API: upload, job, wait, download. The
// short form of the tests asks for the narrowest search, which takes half the time
// and gives the same words where speech is clear.
func Transcribe(t testing.TB, c *client.Client, path, language string) Result {
	t.Helper()
	beam := 1
	if os.Getenv("STENOMESH_LONG") != "" {
		beam = 0
	}
	return transcribe(t, c, path, language, beam)
}

// TranscribeChannels is Transcribe with each channel taken for a speaker.
func TranscribeChannels(t testing.TB, c *client.Client, path, language string) Result {
	t.Helper()
	job, err := c.Create(t.Context(), client.NewJob{
		FileID: Upload(t, c, path), Model: "demo", Language: language, Channels: "split", WordTimestamps: true, BeamSize: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return Await(t, c, job.TaskID)
}

// TranscribeAsUsual is Transcribe with the search that a job gets by default.
func TranscribeAsUsual(t testing.TB, c *client.Client, path, language string) Result {
	t.Helper()
	return transcribe(t, c, path, language, 0)
}

func transcribe(t testing.TB, c *client.Client, path, language string, beam int) Result {
	t.Helper()
	job, err := c.Create(t.Context(), client.NewJob{
		FileID: Upload(t, c, path), Model: "demo", Language: language, WordTimestamps: true, BeamSize: beam,
	})
	if err != nil {
		t.Fatal(err)
	}
	return Await(t, c, job.TaskID)
}

// Await waits until a job is completed and returns its result.
func Await(t testing.TB, c *client.Client, id string) Result {
	t.Helper()
	status, err := c.Watch(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	if status.Status != "completed" {
		t.Fatalf("job %s ended %s: %+v", id, status.Status, status.Error)
	}
	data, err := c.Download(t.Context(), id, "json")
	if err != nil {
		t.Fatal(err)
	}
	var result Result
	if err := json.Unmarshal(data, &result); err != nil {
		t.Fatal(err)
	}
	return result
}
