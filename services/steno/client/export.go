package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Export says how a transcript is wanted.
type Export struct {
	Format  string // as of Download; empty: text
	Version int    // of the transcript, from 1; 0: the newest
	// Subtitles are options of the subtitle formats by the names of the API, such as
	// "max_line_length": "32"; what is missing has the server's default.
	Subtitles map[string]string
}

// Exported is a transcript as a file.
type Exported struct {
	Content []byte
	Tag     string // of the version; EditTranscript takes it
}

// Export returns the transcript of a completed job.
func (c *Client) Export(ctx context.Context, id string, wish Export) (Exported, error) {
	query := url.Values{}
	for name, value := range wish.Subtitles {
		query.Set(name, value)
	}
	if wish.Format != "" {
		query.Set("format", wish.Format)
	}
	if wish.Version > 0 {
		query.Set("version", strconv.Itoa(wish.Version))
	}
	a, err := c.repeatWhole(ctx, request{method: http.MethodGet, path: jobPath(id, "download"), query: query, limit: bulkLimit})
	if err != nil {
		return Exported{}, err
	}
	return Exported{Content: a.body, Tag: a.header.Get("Etag")}, nil
}

// EditedSegment is a segment as the user wants it.
type EditedSegment struct {
	Start   float64 `json:"start"` // seconds in the recording
	End     float64 `json:"end"`   // seconds in the recording
	Text    string  `json:"text"`
	Speaker *string `json:"speaker,omitempty"` // nil: whoever spoke there before
}

// EditTranscript replaces all segments of a transcript, and returns the number of the
// version that this makes. tag is that of the export which was edited: when somebody
// changed the transcript meanwhile, the problem is 412 "transcript_changed".
func (c *Client) EditTranscript(ctx context.Context, id, tag string, segments []EditedSegment) (int, error) {
	path := jobPath(id, "transcript")
	r, err := jsonRequest(http.MethodPatch, path, map[string]any{"segments": append([]EditedSegment{}, segments...)})
	if err != nil {
		return 0, err
	}
	r.header.Set("If-Match", tag)
	r.limit = bulkLimit
	body, err := c.fetch(ctx, r)
	if err != nil {
		return 0, err
	}
	var made struct {
		Version int `json:"version"`
	}
	err = decode(path, body, &made)
	return made.Version, err
}
