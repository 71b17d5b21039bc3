package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// recording is one file to transcribe.
type recording struct {
	path   string
	name   string // without folders; what the server and the user are told
	size   int64  // bytes
	target string // where the result goes; empty is the standard output
}

// openable looks at the files, so that a typing error in the last of them is known
// before the first is sent.
func openable(paths []string) ([]recording, error) {
	if len(paths) == 0 {
		return nil, usage("transcribe wants at least one file")
	}
	recordings := make([]recording, 0, len(paths))
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, usage("%v", err)
		}
		if !info.Mode().IsRegular() {
			return nil, usage("%s is not a file", path)
		}
		recordings = append(recordings, recording{path: path, name: filepath.Base(path), size: info.Size()})
	}
	return recordings, nil
}

// largeFile is the bytes from which on a recording is sent so that it can go on after a
// break.
const largeFile = 32 << 20

// transcribe takes one recording from the disk to its transcript.
func (b *batch) transcribe(ctx context.Context, i int) ([]byte, error) {
	file, err := b.upload(ctx, i)
	if err != nil {
		return nil, err
	}
	// Without an answer nobody would know which job to cancel, so Ctrl-C does not
	// reach this short request.
	order := b.wish.job
	order.FileID = file.FileID
	created, err := b.client.Create(context.WithoutCancel(ctx), order)
	if err != nil {
		return nil, err
	}
	b.progress.created(i, created.TaskID)
	b.warn(i, created.Warnings)
	end, err := b.client.Watch(ctx, created.TaskID, func(s client.Status) { b.progress.job(i, s) })
	if ctx.Err() != nil && !end.Terminal() {
		b.cancel(ctx, i, created.TaskID)
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, &lostJobError{task: created.TaskID, err: err}
	}
	if err := failure(end); err != nil {
		return nil, err
	}
	return b.client.Download(ctx, created.TaskID, b.wish.format)
}

// warn tells what the server will do less well than asked.
func (b *batch) warn(i int, warnings []string) {
	for _, warning := range warnings {
		b.progress.aside(func() { b.session.note("%s: %s", printable(b.recordings[i].name), printable(warning)) })
	}
}

func (b *batch) upload(ctx context.Context, i int) (client.File, error) {
	r := b.recordings[i]
	if err := ctx.Err(); err != nil {
		return client.File{}, err
	}
	file, err := os.Open(r.path)
	if err != nil {
		return client.File{}, err
	}
	defer func() { _ = file.Close() }() // opened for reading: nothing to lose
	b.progress.uploading(i, 0)
	if r.size >= cmp.Or(b.session.LargeFile, largeFile) {
		return b.client.UploadLarge(ctx, r.name, r.size, file, func(sent int64) { b.progress.uploading(i, max(1, sent)) })
	}
	body := &meteredReader{from: file, moved: func(sent int64) { b.progress.uploading(i, sent) }}
	return b.client.Upload(ctx, r.name, r.size, body)
}

// cancelLimit is how long the user waits after Ctrl-C at most.
const cancelLimit = 10 * time.Second

// cancel stops the job of a user who has had enough.
func (b *batch) cancel(ctx context.Context, i int, task string) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), cancelLimit)
	defer done()
	name := printable(b.recordings[i].name)
	err := b.client.Cancel(ctx, task)
	var problem *client.Problem
	switch {
	case err == nil:
		b.progress.aside(func() { b.session.note("%s: job %s is cancelled", name, task) })
	case errors.As(err, &problem) && problem.Status == http.StatusConflict:
		b.progress.aside(func() { b.session.note("%s: job %s had ended already", name, task) })
	default:
		b.progress.aside(func() { b.session.note("%s: job %s still runs: %s", name, task, sentence(err)) })
	}
}

// meteredReader tells how much has been read of it.
type meteredReader struct {
	from  io.Reader
	sum   int64
	moved func(sum int64)
}

func (r *meteredReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.sum += int64(n)
	r.moved(r.sum)
	return n, err
}
