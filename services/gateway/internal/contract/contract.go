// Package contract is the machine-readable contract of the HTTP API: the document
// openapi.yaml (OpenAPI 3.1), written by hand, and a page made of it for readers. Both
// are part of the program. A test of package gateway holds the document against the
// handlers of packages api and openai.
package contract

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the document and the page's frame
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

//go:embed openapi.yaml
var document []byte

//go:embed page.html
var frame string

//go:embed page.css
var style string

// Document returns openapi.yaml.
func Document() []byte { return bytes.Clone(document) }

// Routes takes a handler for a pattern; a web.Router is one.
type Routes interface {
	Handle(pattern string, h web.Handler)
}

// Register adds the routes, none of which needs a login; open bounds how often somebody
// asks. An error means that the document cannot be read.
func Register(router Routes, open func(web.Handler) web.Handler) error {
	page, err := render(document)
	if err != nil {
		return fmt.Errorf("make page of contract: %w", err)
	}
	router.Handle("GET /openapi.yaml", open(serve(document, "application/yaml", "")))
	router.Handle("GET /docs", open(serve(page, "text/html; charset=utf-8", policy())))
	router.Handle("GET /{$}", open(func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, "/docs", http.StatusFound) // for now: it may become a page of its own
		return nil
	}))
	return nil
}

// policy lets the page have its own style, and nothing else.
func policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// serve answers with a body that changes only with the program. policy is its
// Content-Security-Policy where it needs another than all answers have.
func serve(body []byte, contentType, policy string) web.Handler {
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(body))
	return func(w http.ResponseWriter, r *http.Request) error {
		header := w.Header()
		header.Set("Content-Type", contentType)
		header.Set("Etag", tag)
		header.Set("Cache-Control", "public, max-age=300")
		if policy != "" {
			header.Set("Content-Security-Policy", policy)
		}
		r.Header.Del("Range") // it comes whole
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return nil
	}
}

// render makes the page of a document.
func render(document []byte) ([]byte, error) {
	view, err := read(document)
	if err != nil {
		return nil, err
	}
	view.Style = template.CSS(style) //nolint:gosec // our own, and whole: its sum is in the policy
	page, err := template.New("page").Parse(frame)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, view)
	return out.Bytes(), err
}
