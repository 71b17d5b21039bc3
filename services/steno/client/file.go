package client

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path/filepath"
)

// File is a recording the server has stored.
type File struct {
	FileID string `json:"file_id"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // lower-case hex
}

// Upload stores size bytes of body under a file name. The body is streamed, once,
// and read no further than the server takes it; it stays the caller's to close.
func (c *Client) Upload(ctx context.Context, name string, size int64, body io.Reader) (File, error) {
	contentType := mime.TypeByExtension(filepath.Ext(name))
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	if size == 0 {
		body = http.NoBody
	}
	answer, err := c.fetch(ctx, request{
		method: http.MethodPost, path: "/api/v1/files", query: url.Values{"name": {name}},
		// Expect lets the server refuse before gigabytes are on their way.
		header: http.Header{"Content-Type": {contentType}, "Expect": {"100-continue"}},
		body:   io.NopCloser(body), size: size,
	})
	if err != nil {
		return File{}, err
	}
	var file File
	return file, decode("/api/v1/files", answer, &file)
}

// File returns a recording that is stored.
func (c *Client) File(ctx context.Context, id string) (File, error) {
	var file File
	err := c.get(ctx, filePath(id), nil, &file)
	return file, err
}

// Audio returns the bytes of a recording, as they were sent; the caller closes them.
func (c *Client) Audio(ctx context.Context, id string) (io.ReadCloser, error) {
	resp, err := c.open(ctx, request{method: http.MethodGet, path: filePath(id) + "/audio"})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// DeleteFile removes a recording. Jobs that have begun with it go on.
func (c *Client) DeleteFile(ctx context.Context, id string) error { return c.remove(ctx, filePath(id)) }

func filePath(id string) string { return "/api/v1/files/" + url.PathEscape(id) }
