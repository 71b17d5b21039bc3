package catalog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// patience is how long a source may send nothing.
const patience = time.Minute

// Puller fetches model files into a folder. A file appears there only once it is
// whole, checked and on the disk.
type Puller struct {
	// Dir is where files go; it is made if it is missing.
	Dir string
	// Client makes the requests; nil is http.DefaultClient.
	Client *http.Client
	// Patience is how long the source may send nothing; 0 is a minute.
	Patience time.Duration
}

// Pull fetches the model's file and returns its path. progress, if not nil, is
// told the bytes so far and the size after every read. A file of the right size
// and sum that is there already is left alone. What earlier pulls of the model
// left behind when they were killed is removed.
//
// Errors: a fault of kind NotFound where the catalogue names no source,
// Unavailable where the source does not answer, or stops sending; ErrChecksum;
// ctx.Err().
func (p *Puller) Pull(ctx context.Context, m Model, progress func(done, total int64)) (string, error) {
	p.sweep(m)
	if path, err := NewStore(p.Dir).Verified(ctx, m); err == nil {
		return path, nil
	}
	if m.Source == "" {
		return "", fault.New(fault.NotFound, "model_without_source",
			fmt.Sprintf("The model %s comes with the program and cannot be fetched.", m.Name))
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return "", fmt.Errorf("pull %s: %w", m.Name, err)
	}
	path := filepath.Join(p.Dir, m.File)
	if err := p.pullTo(ctx, m, path, progress); err != nil {
		return "", fmt.Errorf("pull %s: %w", m.Name, err)
	}
	return path, nil
}

// pullTo downloads beside path and renames when all is well.
func (p *Puller) pullTo(ctx context.Context, m Model, path string, progress func(done, total int64)) error {
	watch, ctx, stop := newWatch(ctx, cmp.Or(p.Patience, patience))
	defer stop()
	body, err := p.open(ctx, m, watch)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // what was read has been checked
	temp, err := os.CreateTemp(p.Dir, partPattern(m))
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already after the rename
	if err := fill(temp, watched{body, watch}, m, progress); err != nil {
		_ = temp.Close() // the first error tells more
		if errors.Is(context.Cause(ctx), errStalled) {
			return unavailable(ctx, err)
		}
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(p.Dir)
}

func (p *Puller) open(ctx context.Context, m Model, watch *watch) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Source, nil)
	if err != nil {
		return nil, err
	}
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	end := watch.begin()
	resp, err := client.Do(req)
	end()
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close() // the status is the answer
		return nil, unavailable(ctx, fmt.Errorf("GET %s: %s", m.Source, resp.Status))
	}
	return resp.Body, nil
}

// fill copies body into temp, checks size and sum, and makes it durable. Never
// more than one byte over the right size is read.
func fill(temp *os.File, body io.Reader, m Model, progress func(done, total int64)) error {
	if err := temp.Chmod(0o644); err != nil { // the transcriber may run as another user
		return err
	}
	hash := sha256.New()
	counter := &countingWriter{total: m.Bytes, progress: progress}
	n, err := io.Copy(io.MultiWriter(temp, hash, counter), io.LimitReader(body, m.Bytes+1))
	if err != nil {
		return err
	}
	if n != m.Bytes {
		return fmt.Errorf("got %d bytes of %d: %w", n, m.Bytes, ErrChecksum)
	}
	if hex.EncodeToString(hash.Sum(nil)) != m.SHA256 {
		return ErrChecksum
	}
	return temp.Sync()
}

// countingWriter tells progress how far a copy is.
type countingWriter struct {
	done, total int64
	progress    func(done, total int64)
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.done += int64(len(p))
	if w.progress != nil {
		w.progress(min(w.done, w.total), w.total)
	}
	return len(p), nil
}

// syncDir makes the renames in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // opened for reading: nothing to lose
	return d.Sync()
}

// unavailable is the error of a source that failed with err, unless the caller
// gave up.
func unavailable(ctx context.Context, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), errStalled):
		err = errStalled // the text of err speaks of a cancellation
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fault.Wrap(err, fault.Unavailable, "model_source_unavailable",
		"The place the model comes from does not answer; try again later.")
}
